//! An active A/B test decides which version a caller gets.

use crate::common::{World, definition};

#[test]
fn a_test_decides_the_version() {
    let world = World::new();
    let old = definition("linux", "df", "1.0", "disk_usage");
    world.write("old.yaml", &old);
    world.ok(&["import", "old.yaml"]);
    world.write("new.yaml", old.replace("'1.0'", "'2.0'"));
    world.ok(&["import", "new.yaml"]);
    world.sql(
        "INSERT INTO tool_ab_tests (test_name, tool_a_id, tool_b_id, status, unit_kind, started_at) \
         SELECT 'df-2', a.id, b.id, 'active', 'user', now() FROM tools a, tools b \
         WHERE a.version = '1.0' AND b.version = '2.0'",
    );
    let ask = |user: &str| {
        world
            .run(&[
                "select",
                "-c",
                "disk_usage",
                "--user",
                user,
                "--format",
                "json",
            ])
            .json()
    };
    let mut versions = Vec::new();
    for number in 0..16 {
        let user = format!("user-{number}");
        let first = ask(&user);
        let version = first["answer"]["version"]
            .as_str()
            .expect("a version")
            .to_owned();
        assert_eq!(first["ab_tests"][0]["version"], version.as_str());
        assert_eq!(
            first["ranking"].as_array().map(Vec::len),
            Some(1),
            "one version only"
        );
        assert_eq!(
            ask(&user)["answer"]["version"],
            version.as_str(),
            "it stays"
        );
        versions.push(version);
    }
    assert!(versions.iter().any(|it| it == "1.0") && versions.iter().any(|it| it == "2.0"));
    assert_eq!(
        world.sql("SELECT count(*) FROM tool_ab_assignments"),
        "16\n"
    );
    let plain = world.ok(&["select", "-c", "disk_usage", "--format", "name"]);
    assert_eq!(plain, "linux/df@2.0 disk_usage use\n");
    let words = world
        .run(&["select", "try df", "--user", "user-0", "--format", "json"])
        .json();
    assert_eq!(words["answer"]["version"], versions[0].as_str());
}
