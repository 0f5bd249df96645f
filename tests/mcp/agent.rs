//! A client of the Model Context Protocol that talks to `toolcat mcp` on its stdin and stdout.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::common::World;

/// The revision whose requests say everything themselves.
pub const MODERN: &str = "2026-07-28";

/// A client and its server.
pub struct Agent {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
    modern: bool,
}

impl Agent {
    /// A client of the newest revision.
    pub fn modern(world: &World) -> Self {
        Self::start(world, &[], true)
    }

    /// A client of an earlier revision, which has shaken hands.
    pub fn legacy(world: &World, revision: &str) -> Self {
        let mut agent = Self::start(world, &[], false);
        let agreed = agent.request(
            "initialize",
            json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
        );
        assert_eq!(agreed["result"]["protocolVersion"], revision);
        agent.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        agent
    }

    /// A client of a server with those arguments.
    pub fn start(world: &World, arguments: &[&str], modern: bool) -> Self {
        let mut server = world
            .command(&[&["mcp"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("toolcat runs");
        Self {
            input: server.stdin.take(),
            output: BufReader::new(server.stdout.take().expect("a pipe")),
            server,
            next: 0,
            modern,
        }
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an open pipe");
        input.write_all(line.as_bytes()).expect("a line");
        input.write_all(b"\n").expect("its end");
        input.flush().expect("sent");
    }

    /// The next message of the server.
    pub fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Sends a request and returns the whole answer.
    pub fn request(&mut self, method: &str, mut params: Value) -> Value {
        self.next += 1;
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let id = self.next;
        self.send(
            &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string(),
        );
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool and returns the whole result.
    pub fn result(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        answer["result"].clone()
    }

    /// Calls a tool, which must give an answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.result(tool, arguments);
        assert_eq!(result["isError"], false, "{result}");
        let text = result["content"][0]["text"].as_str().expect("text");
        serde_json::from_str(text).expect("JSON")
    }

    /// Calls a tool, which must refuse, and returns what it says.
    pub fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.result(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().expect("text");
        text.to_owned()
    }

    /// Hangs up, and returns the exit code of the server.
    pub fn end(mut self) -> i32 {
        drop(self.input.take());
        let status = self.server.wait().expect("an end");
        status.code().unwrap_or(-1)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.server.wait();
    }
}
