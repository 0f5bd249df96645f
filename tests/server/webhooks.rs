//! Changes told to another system.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use super::{Server, world};
use crate::common::World;

const SECRET: &str = "a secret of the operator";

/// Another system, which takes one delivery after the other.
struct Receiver(TcpListener);

/// What was sent.
struct Delivery {
    id: String,
    signature: String,
    text: String,
}

impl Delivery {
    fn actions(&self) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.text).expect("JSON");
        assert_eq!(body["catalog"], "tool_catalog");
        let entries = body["entries"].as_array().expect("entries");
        let actions = entries
            .iter()
            .map(|it| it["action"].as_str().expect("an action"));
        actions.map(str::to_owned).collect()
    }

    /// Whether the signature is that of the time in it and the body.
    fn is_signed(&self) -> bool {
        let (time, given) = self.signature.split_once(",v1=").expect("a signature");
        let time = time.strip_prefix("t=").expect("a time");
        let key = openssl::pkey::PKey::hmac(SECRET.as_bytes()).expect("a key");
        let digest = openssl::hash::MessageDigest::sha256();
        let mut signer = openssl::sign::Signer::new(digest, &key).expect("a signer");
        let signed = format!("{time}.{}", self.text);
        let own = signer
            .sign_oneshot_to_vec(signed.as_bytes())
            .expect("a signature");
        own.iter().map(|it| format!("{it:02x}")).collect::<String>() == given
    }
}

impl Receiver {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a port"))
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.0.local_addr().expect("an address"))
    }

    /// The next delivery, answered with that status.
    fn take(&self, status: &str) -> Delivery {
        let (stream, _) = self.0.accept().expect("a connection");
        let mut reader = BufReader::new(stream);
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a line");
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
                None if line == "\r\n" => break,
                None => assert_eq!(line, "POST /hook HTTP/1.1\r\n"),
            }
        }
        let header = |name: &str| {
            let found = headers.iter().find(|(it, _)| it == name);
            found.map(|(_, value)| value.clone()).expect("a header")
        };
        let mut body = vec![0; header("content-length").parse().expect("a length")];
        reader.read_exact(&mut body).expect("a body");
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        reader
            .get_mut()
            .write_all(answer.as_bytes())
            .expect("answered");
        Delivery {
            id: header("toolcat-delivery"),
            signature: header("toolcat-signature"),
            text: String::from_utf8(body).expect("UTF-8"),
        }
    }
}

fn server(world: &World, receiver: &Receiver) -> Server {
    let secret = world.write("secret", format!("{SECRET}\n"));
    let folder = world.path();
    let (secret, folder) = (secret.display().to_string(), folder.display().to_string());
    let url = receiver.url();
    let args = [
        "--webhook",
        &url,
        "--webhook-secret",
        &secret,
        "--webhook-state",
        &folder,
    ];
    Server::with(world, &args)
}

#[test]
fn a_change_is_sent_until_it_is_taken_and_a_restart_goes_on() {
    let (world, receiver) = (world(), Receiver::new());
    let first = server(&world, &receiver);
    world.ok(&["disable", "df"]);
    let refused = receiver.take("500 Internal Server Error");
    assert_eq!(refused.actions(), ["disabled"]);
    assert!(refused.is_signed(), "{}", refused.signature);
    // It is not sent to a redirect, either.
    let again = receiver.take("307 Temporary Redirect");
    let taken = receiver.take("204 No Content");
    assert_eq!((&refused.id, &refused.text), (&again.id, &again.text));
    assert_eq!((&refused.id, &refused.text), (&taken.id, &taken.text));
    let log = first.log_until("a webhook was not taken").join("\n");
    assert!(!log.contains(SECRET), "{log}");
    // What changes while no server runs is sent by the next one; what was taken, only where the end came between
    // the answer and the position.
    drop(first);
    world.ok(&["enable", "df"]);
    let _second = server(&world, &receiver);
    let mut next = receiver.take("200 OK");
    if next.id == taken.id {
        next = receiver.take("200 OK");
    }
    let after: Vec<String> = next.actions();
    assert_eq!(after.last().map(String::as_str), Some("enabled"));
    assert_ne!(next.id, taken.id);
}

/// S2: a position in a log that is gone is not waited for, whether the restore came while a server ran or not.
#[test]
fn after_a_restore_a_webhook_goes_on_from_there() {
    let (world, receiver) = (world(), Receiver::new());
    world.ok(&["db", "backup", "all.jsonl"]);
    let restore = || world.ok(&["db", "restore", "all.jsonl", "--replace", "--yes"]);
    let first = server(&world, &receiver);
    for command in ["disable", "enable", "disable"] {
        world.ok(&[command, "df"]);
        receiver.take("200 OK");
    }
    restore();
    assert_eq!(receiver.take("200 OK").actions()[0], "restored");
    first.log_until("the catalog of a webhook was replaced");
    world.ok(&["disable", "du"]);
    assert_eq!(receiver.take("200 OK").actions(), ["disabled"]);
    drop(first);
    // The new log grows past the position: by its numbers alone, they cannot be told apart.
    restore();
    for command in ["disable", "enable", "disable"] {
        world.ok(&[command, "df"]);
    }
    let _second = server(&world, &receiver);
    let actions = receiver.take("200 OK").actions();
    assert_eq!(actions, ["restored", "disabled", "enabled", "disabled"]);
}

#[test]
fn a_webhook_that_is_not_whole_is_refused_at_the_start() {
    let world = world();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--webhook"];
    for (more, said) in [
        (&["https://hooks.example/"][..], "needs a secret"),
        (
            &["https://hooks.example/", "--webhook-secret", "none"],
            "cannot read",
        ),
    ] {
        let run = world.run(&[&serve[..], more].concat());
        assert_eq!((run.code, run.stderr.contains(said)), (2, true), "{run:?}");
    }
    world.write("secret", SECRET);
    let run = world.run(
        &[
            &serve[..],
            &["https://hooks.example/", "--webhook-secret", "secret"],
        ]
        .concat(),
    );
    assert!(
        run.code == 2 && run.stderr.contains("--webhook-state"),
        "{run:?}"
    );
    // L13: what never ends is not read for ever, be it a secret or a key.
    let endless = ["--webhook-secret", "/dev/zero", "--webhook-state", "."];
    let run = world.run(&[&serve[..], &["https://hooks.example/"], &endless].concat());
    assert!(
        run.code == 2 && run.stderr.contains("larger than"),
        "{run:?}"
    );
    for (certificate, key) in [("/dev/zero", "secret"), ("secret", "/dev/zero")] {
        let tls = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
        ];
        let run = world.run(&tls);
        assert!(
            run.code == 2 && run.stderr.contains("larger than"),
            "{run:?}"
        );
    }
    let whole = ["--webhook-secret", "secret", "--webhook-state", "."];
    let run = world.run(&[&serve[..], &["http://hooks.example/"], &whole].concat());
    assert!(run.code == 2 && run.stderr.contains("use https"), "{run:?}");
}
