//! The arguments of a call, read one by one: what is wrong with one is said so that a model can mend it.

use serde_json::{Map, Value};

use crate::expression::nearest;

use super::outcome::Mend;

/// The arguments of a call.
pub struct Arguments<'a> {
    fields: &'a Map<String, Value>,
}

impl<'a> Arguments<'a> {
    /// Those fields, each of which must be one of the names.
    ///
    /// # Errors
    /// An argument that is not known, with the nearest that is.
    pub fn new(fields: &'a Map<String, Value>, names: &[&str]) -> Result<Self, Mend> {
        match fields.keys().find(|it| !names.contains(&it.as_str())) {
            None => Ok(Self { fields }),
            Some(unknown) => {
                let near = nearest(unknown, names.iter().copied());
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the arguments are {}", names.join(", ")),
                };
                Err(Mend::new(format!("there is no argument `{unknown}`")).help(help))
            }
        }
    }

    /// An argument that is given; null counts as not given.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|it| !it.is_null())
    }

    /// An argument that is text; empty text counts as not given.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Mend> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|it| !it.is_empty())),
            Some(other) => Err(wrong(name, "text", other)),
        }
    }

    /// An argument that is a number of 0 or more.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn amount(&self, name: &str) -> Result<Option<f64>, Mend> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match number(value).filter(|it| *it >= 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, "a number of 0 or more", value)),
        }
    }

    /// An argument that is a whole number in a range.
    ///
    /// # Errors
    /// Another kind of value, or one out of the range.
    pub fn count(&self, name: &str, least: usize, most: usize) -> Result<Option<usize>, Mend> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let count = number(value).filter(|it| it.fract() == 0.0 && *it >= least as f64);
        match count.filter(|it| *it <= most as f64) {
            Some(count) => Ok(Some(count as usize)),
            None => Err(wrong(
                name,
                &format!("an integer from {least} to {most}"),
                value,
            )),
        }
    }

    /// An argument that is true or false.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Mend> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(wrong(name, "true or false", other)),
        }
    }

    /// An argument that is a list of texts; one text counts as a list of it.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Mend> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(value @ Value::Array(items)) => items
                .iter()
                .map(|it| it.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| wrong(name, "a list of texts", value)),
            Some(other) => Err(wrong(name, "a list of texts", other)),
        }
    }

    /// An argument that maps names to texts, numbers and flags; each as text.
    ///
    /// # Errors
    /// Another kind of value.
    pub fn values(&self, name: &str) -> Result<Vec<(String, String)>, Mend> {
        let fields = match self.value(name) {
            None => return Ok(Vec::new()),
            Some(Value::Object(fields)) => fields,
            Some(other) => return Err(wrong(name, "an object", other)),
        };
        let mut values = Vec::new();
        for (key, value) in fields {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                other => {
                    return Err(wrong(
                        &format!("{name}.{key}"),
                        "text, a number, true or false",
                        other,
                    ));
                }
            };
            values.push((key.clone(), text));
        }
        Ok(values)
    }
}

/// The finite number that a value is; models write numbers as text, too.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => finite(text),
        _ => None,
    };
    number.filter(|it| it.is_finite())
}

/// The finite number that a text is.
pub fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|it: &f64| it.is_finite())
}

fn wrong(name: &str, wanted: &str, given: &Value) -> Mend {
    let given: String = given.to_string().chars().take(60).collect();
    Mend::new(format!("`{name}` must be {wanted}, not {given}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_is_wrong_is_said_with_its_name() {
        let given = fields(&json!({
            "text": 3, "amount": -1, "count": 11, "list": [1], "values": {"a": []}, "flag": "yes"
        }));
        let names = ["text", "amount", "count", "list", "values", "flag"];
        let arguments = Arguments::new(&given, &names).expect("known names");
        let said = |result: Result<(), Mend>| result.expect_err("a mistake").message;
        assert_eq!(
            said(arguments.text("text").map(drop)),
            "`text` must be text, not 3"
        );
        assert_eq!(
            said(arguments.amount("amount").map(drop)),
            "`amount` must be a number of 0 or more, not -1"
        );
        assert_eq!(
            said(arguments.count("count", 1, 10).map(drop)),
            "`count` must be an integer from 1 to 10, not 11"
        );
        assert_eq!(
            said(arguments.list("list").map(drop)),
            "`list` must be a list of texts, not [1]"
        );
        assert_eq!(
            said(arguments.values("values").map(drop)),
            "`values.a` must be text, a number, true or false, not []"
        );
        assert_eq!(
            said(arguments.flag("flag").map(drop)),
            "`flag` must be true or false, not \"yes\""
        );
        let error = Arguments::new(&given, &["test", "amount"])
            .err()
            .expect("unknown");
        assert_eq!(error.message, "there is no argument `text`");
        assert_eq!(error.help.as_deref(), Some("did you mean `test`?"));
    }

    #[test]
    fn what_models_write_is_read() {
        let given =
            fields(&json!({"a": "2.5", "b": null, "c": "x", "d": "", "e": {"N": 5, "on": true}}));
        let arguments = Arguments::new(&given, &["a", "b", "c", "d", "e"]).expect("known names");
        assert_eq!(arguments.amount("a").expect("a number"), Some(2.5));
        assert_eq!(arguments.amount("b").expect("nothing"), None);
        assert_eq!(arguments.list("c").expect("a list"), ["x"]);
        assert_eq!(arguments.text("d").expect("nothing"), None);
        let pairs = arguments.values("e").expect("values");
        assert_eq!(
            pairs,
            [("N".into(), "5".into()), ("on".into(), "true".into())]
        );
    }
}
