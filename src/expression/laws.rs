//! Laws of the language, on generated expressions and on arbitrary text.

use proptest::prelude::*;

use super::{Condition, Expression, Variables};

/// A term that the tests build, print and evaluate on their own.
#[derive(Debug, Clone)]
enum Sample {
    Number(f64),
    Variable(&'static str),
    Negate(Box<Sample>),
    Binary(&'static str, Box<Sample>, Box<Sample>),
    Call(&'static str, Vec<Sample>),
}

const NAMES: [(&str, f64); 4] = [("N", 100.0), ("pages", 1.0), ("_zero", 0.0), ("x2", -2.5)];

fn sample() -> impl Strategy<Value = Sample> {
    let leaf = prop_oneof![
        (0u32..50).prop_map(|value| Sample::Number(f64::from(value))),
        (0.0..1e6).prop_map(Sample::Number),
        prop_oneof![Just(1e-9), Just(1e21), Just(1e300), Just(5e-324)].prop_map(Sample::Number),
        proptest::sample::select(&NAMES[..]).prop_map(|(name, _)| Sample::Variable(name)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let binary = proptest::sample::select(&["+", "-", "*", "/", "//", "%", "^", "**"][..]);
        let unary = proptest::sample::select(
            &[
                "abs", "ceil", "floor", "round", "sqrt", "exp", "ln", "log", "log2", "log10",
            ][..],
        );
        let several = proptest::sample::select(&["min", "max"][..]);
        prop_oneof![
            1 => inner.clone().prop_map(|operand| Sample::Negate(Box::new(operand))),
            5 => (binary, inner.clone(), inner.clone())
                .prop_map(|(operator, a, b)| Sample::Binary(operator, Box::new(a), Box::new(b))),
            1 => (unary, inner.clone()).prop_map(|(name, a)| Sample::Call(name, vec![a])),
            1 => (several, proptest::collection::vec(inner.clone(), 2..4))
                .prop_map(|(name, arguments)| Sample::Call(name, arguments)),
            1 => (inner.clone(), inner).prop_map(|(a, b)| Sample::Call("pow", vec![a, b])),
        ]
    })
}

/// How tightly a sample binds: 0 sums, 1 products, 2 signs, 3 powers, 4 everything else.
fn tightness(sample: &Sample) -> u8 {
    match sample {
        Sample::Binary("+" | "-", ..) => 0,
        Sample::Binary("*" | "/" | "//" | "%", ..) => 1,
        Sample::Negate(_) => 2,
        Sample::Binary(..) => 3,
        _ => 4,
    }
}

/// Prints a sample with no more parentheses than it needs.
fn print(sample: &Sample) -> String {
    let within = |inner: &Sample, least: u8| {
        if tightness(inner) < least {
            format!("({})", print(inner))
        } else {
            print(inner)
        }
    };
    match sample {
        Sample::Number(value) => format!("{value:?}"),
        Sample::Variable(name) => (*name).to_owned(),
        Sample::Negate(operand) => format!("-{}", within(operand, 2)),
        Sample::Binary(operator, left, right) => {
            let (before, after) = match tightness(sample) {
                0 => (0, 1),
                1 => (1, 2),
                _ => (4, 2),
            };
            format!(
                "{} {operator} {}",
                within(left, before),
                within(right, after)
            )
        }
        Sample::Call(name, arguments) => {
            let arguments: Vec<_> = arguments.iter().map(print).collect();
            format!("{name}({})", arguments.join(", "))
        }
    }
}

/// The value of a sample; none if it has no finite value.
fn reference(sample: &Sample) -> Option<f64> {
    let value = match sample {
        Sample::Number(value) => *value,
        Sample::Variable(name) => NAMES.iter().find(|(known, _)| known == name)?.1,
        Sample::Negate(operand) => -reference(operand)?,
        Sample::Binary(operator, left, right) => {
            binary(operator, reference(left)?, reference(right)?)?
        }
        Sample::Call(name, arguments) => {
            let values: Option<Vec<f64>> = arguments.iter().map(reference).collect();
            let values = values?;
            match (*name, values.as_slice()) {
                ("abs", [x]) => x.abs(),
                ("ceil", [x]) => x.ceil(),
                ("floor", [x]) => x.floor(),
                ("round", [x]) => x.round_ties_even(),
                ("sqrt", [x]) => x.sqrt(),
                ("exp", [x]) => x.exp(),
                ("ln" | "log", [x]) => x.ln(),
                ("log2", [x]) => x.log2(),
                ("log10", [x]) => x.log10(),
                ("pow", [x, y]) => binary("^", *x, *y)?,
                ("min", all) => all.iter().copied().reduce(f64::min)?,
                ("max", all) => all.iter().copied().reduce(f64::max)?,
                _ => return None,
            }
        }
    };
    value.is_finite().then_some(value)
}

fn binary(operator: &str, a: f64, b: f64) -> Option<f64> {
    match operator {
        "+" => Some(a + b),
        "-" => Some(a - b),
        "*" => Some(a * b),
        "/" => (b != 0.0).then(|| a / b),
        "%" => (b != 0.0).then(|| floored_remainder(a, b)),
        "//" => (b != 0.0).then(|| ((a - floored_remainder(a, b)) / b).round()),
        _ => (b.abs() <= 100.0).then(|| a.powf(b)),
    }
}

fn floored_remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}

/// Whether the two are the same number, but for the last bits of a large quotient.
fn same(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || (one - other).abs() <= 1e-9 * one.abs(),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn values() -> Variables {
    NAMES.into_iter().collect()
}

/// Text made of what the language is made of.
fn near_miss() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(
        &[
            "1", "2.5", ".5", "1e3", "1e", "N", "e", "pi", "max", "sqrt(", "min(", "(", ")", ",",
            "+", "-", "*", "/", "//", "%", "^", "**", "<", "<=", ">", ">=", "==", "!=", "=", "!",
            "and", "or", "not", " ", "\n", "é", "'", "\u{0}", "_", ".",
        ][..],
    );
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn check_text(source: &str) -> Result<(), TestCaseError> {
    match Expression::parse(source) {
        Ok(expression) => {
            prop_assert_eq!(expression.source(), source);
            if let Ok(value) = expression.evaluate(&Variables::defaults()) {
                prop_assert!(value.is_finite());
            }
            let constants = expression.constants();
            let same = expression.with_constants(&constants);
            prop_assert_eq!(same.as_ref().map(Expression::source), Ok(source));
        }
        Err(error) => {
            prop_assert!(source.get(error.span.clone()).is_some());
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(!error.to_string().contains(char::is_control));
        }
    }
    match Condition::parse(source) {
        Ok(condition) => {
            let _ = condition.holds(&Variables::defaults());
        }
        Err(error) => prop_assert!(source.get(error.span.clone()).is_some()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_term_has_the_value_of_the_term(sample in sample()) {
        let source = print(&sample);
        prop_assume!(source.chars().count() <= super::MAX_CHARACTERS);
        let expression = Expression::parse(&source);
        prop_assert!(expression.is_ok(), "{source}: {expression:?}");
        if let Ok(expression) = expression {
            let value = expression.evaluate(&values()).ok();
            let expected = reference(&sample);
            prop_assert!(same(value, expected), "{source}: {value:?}, expected {expected:?}");
        }
    }

    #[test]
    fn new_constants_take_the_place_of_the_old(
        sample in sample(),
        seed in proptest::collection::vec(-1e4..1e4f64, 24),
    ) {
        if let Ok(expression) = Expression::parse(&print(&sample)) {
            let values: Vec<_> = seed.into_iter().take(expression.constants().len()).collect();
            if values.len() == expression.constants().len()
                && let Ok(replaced) = expression.with_constants(&values)
            {
                let sizes: Vec<_> = values.iter().map(|value| value.abs()).collect();
                prop_assert_eq!(replaced.constants(), sizes);
                prop_assert!(replaced.variables().eq(expression.variables()));
            }
        }
    }

    #[test]
    fn no_text_panics(source in any::<String>()) {
        check_text(&source)?;
    }

    #[test]
    fn no_near_miss_panics(source in near_miss()) {
        check_text(&source)?;
    }

    #[test]
    fn a_condition_compares_the_values_of_its_sides(left in sample(), right in sample()) {
        let (left, right) = (print(&left), print(&right));
        if let (Ok(a), Ok(b)) = (Expression::parse(&left), Expression::parse(&right))
            && let Ok(condition) = Condition::parse(&format!("{left} <= {right}"))
        {
            let holds = condition.holds(&values()).ok();
            let expected = a.evaluate(&values()).and_then(|a| Ok(a <= b.evaluate(&values())?)).ok();
            prop_assert_eq!(holds, expected);
        }
    }
}
