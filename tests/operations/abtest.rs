//! What the numbers of an A/B test may be, whoever gives them.

use toolcat::abtest::{ArmLabel, Guardrail, Metric};
use toolcat::operations::abtest::conclude::{self, Wish};
use toolcat::operations::abtest::create::{self, Request, Size};
use toolcat::operations::abtest::plan::{self, Subject};
use toolcat::operations::{Caller, Kind, abtest};
use toolcat::store::ab_tests::UnitKind;
use toolcat::store::ab_tests::lifecycle::Change;

use super::{caller, connect, world};

fn request() -> Request {
    Request {
        name: "faster".to_owned(),
        a: "df@1.0".parse().expect("an address"),
        b: "df@2.0".parse().expect("an address"),
        metrics: vec![Metric::Time, Metric::Time],
        guardrails: Vec::new(),
        keep_success: true,
        split: 0.5,
        coverage: 1.0,
        environment: None,
        users: Vec::new(),
        unit: UnitKind::Execution,
        size: Size::Usual,
        confidence: 0.95,
        minimum_duration_s: 0.0,
        hypothesis: None,
        seed: None,
    }
}

fn plan_of(tools: &[&str]) -> plan::Request {
    let tools = tools.iter().map(|it| it.parse().expect("an address"));
    plan::Request {
        subject: Subject::Tools(tools.collect()),
        metrics: Vec::new(),
        effects: Vec::new(),
        planned: None,
        split: None,
        coverage: None,
        confidence: None,
        power: 0.8,
        days: 7.0,
    }
}

#[test]
fn numbers_that_no_test_can_have_are_refused() {
    let world = world(&[("linux", "df", "1.0"), ("linux", "df", "2.0")]);
    let mut connection = connect(&world);
    let wrong: &[fn(&mut Request)] = &[
        |it| it.split = 0.0,
        |it| it.split = f64::NAN,
        |it| it.coverage = 1.1,
        |it| it.confidence = 0.5,
        |it| it.minimum_duration_s = f64::INFINITY,
        |it| it.size = Size::Planned(1),
        |it| it.size = Size::ToShow(-0.1),
        |it| it.metrics.clear(),
        |it| it.b = it.a.clone(),
        |it| {
            it.guardrails = vec![Guardrail {
                metric: Metric::Success,
                margin: 1.0,
            }];
        },
    ];
    for (index, spoil) in wrong.iter().enumerate() {
        let mut asked = request();
        spoil(&mut asked);
        let refusal = create::run(&mut connection, &caller(), &asked).unwrap_err();
        assert_eq!(refusal.kind, Kind::Invalid, "{index}: {refusal}");
    }
    assert!(
        abtest::list(&mut connection, &[])
            .expect("no test")
            .is_empty()
    );
}

#[test]
fn a_test_on_time_keeps_the_success_rate_and_names_each_metric_once() {
    let world = world(&[("linux", "df", "1.0"), ("linux", "df", "2.0")]);
    let mut connection = connect(&world);
    create::run(&mut connection, &caller(), &request()).expect("a test");
    let tests = abtest::list(&mut connection, &["draft".to_owned()]).expect("one test");
    let [test] = tests.as_slice() else {
        panic!("{tests:?}")
    };
    assert_eq!(test.metrics, serde_json::json!(["time"]));
    assert_eq!(test.guardrails[0]["metric"], "success");
    let again = create::run(&mut connection, &caller(), &request()).unwrap_err();
    assert_eq!(again.kind, Kind::Conflict);
}

#[test]
fn a_forced_winner_needs_a_reason() {
    let world = world(&[("linux", "df", "1.0"), ("linux", "df", "2.0")]);
    let mut connection = connect(&world);
    create::run(&mut connection, &caller(), &request()).expect("a test");
    abtest::change(&mut connection, &caller(), "faster", &Change::Start).expect("started");
    let wish = Wish {
        apply: false,
        force: Some(ArmLabel::B),
    };
    let refusal = conclude::run(&mut connection, &caller(), "faster", wish).unwrap_err();
    assert_eq!(refusal.kind, Kind::Invalid);
    let explained = Caller {
        reason: Some("A is withdrawn".to_owned()),
        ..caller()
    };
    let done = conclude::run(&mut connection, &explained, "faster", wish).expect("concluded");
    assert_eq!(done.winner_tool.as_deref(), Some("linux/df@2.0"));
    assert!(done.forced && done.concluded && !done.applied);
}

#[test]
fn a_plan_needs_numbers_that_can_be_and_something_to_plan_for() {
    let world = world(&[("linux", "df", "1.0")]);
    let mut connection = connect(&world);
    let made = plan::run(&mut connection, &plan_of(&["df"])).expect("a plan");
    assert!(made.steps.iter().any(|it| it.metric == Metric::Time));
    let wrong: &[fn(&mut plan::Request)] = &[
        |it| it.subject = Subject::Tools(Vec::new()),
        |it| it.power = 1.0,
        |it| it.days = 0.0,
        |it| it.effects = vec![f64::NAN],
        |it| it.coverage = Some(0.0),
        |it| it.confidence = Some(1.0),
        |it| it.split = Some(1.0),
    ];
    for (index, spoil) in wrong.iter().enumerate() {
        let mut asked = plan_of(&["df"]);
        spoil(&mut asked);
        let refusal = plan::run(&mut connection, &asked).unwrap_err();
        assert_eq!(refusal.kind, Kind::Invalid, "{index}: {refusal}");
    }
}
