//! Setting a value at a place of a definition: `capabilities.disk_usage.description`.

use serde_json::{Map, Value};

/// Sets the value at a path of keys with dots between them. A number steps into a list, one past
/// its end adds to it; missing maps are made. A dot that belongs to a key is written `\.`.
///
/// # Errors
/// If the path leads through something that is neither a map nor a list.
pub fn set(fields: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let keys = keys(path);
    let Some((first, rest)) = keys.split_first() else {
        return Err("a path is needed".to_owned());
    };
    if keys.iter().any(String::is_empty) {
        return Err(format!("`{path}` has an empty part"));
    }
    let target = fields.entry(first.clone()).or_insert(Value::Null);
    *step(target, rest, first)? = value;
    Ok(())
}

fn step<'a>(target: &'a mut Value, keys: &[String], at: &str) -> Result<&'a mut Value, String> {
    let Some((key, rest)) = keys.split_first() else {
        return Ok(target);
    };
    if target.is_null() {
        *target = match key.as_str() {
            "0" => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
    }
    let next = match target {
        Value::Object(fields) => fields.entry(key.clone()).or_insert(Value::Null),
        Value::Array(items) => {
            let length = items.len();
            let index: usize = key
                .parse()
                .ok()
                .filter(|index| *index <= length)
                .ok_or_else(|| {
                    format!("`{at}` is a list of {length}, and `{key}` is none of its places")
                })?;
            if index == length {
                items.push(Value::Null);
            }
            &mut items[index]
        }
        _ => {
            return Err(format!(
                "`{at}` is a value, so that `{key}` cannot be in it"
            ));
        }
    };
    step(next, rest, key)
}

fn keys(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut characters = path.chars();
    while let Some(c) = characters.next() {
        match (c, keys.last_mut()) {
            ('\\', Some(key)) => key.extend(characters.next()),
            ('.', _) => keys.push(String::new()),
            (c, Some(key)) => key.push(c),
            (_, None) => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_set_where_the_path_leads() {
        let mut fields = Map::new();
        for (path, value) in [
            ("a.b.c", json!(1)),
            ("a.b.d", json!([1])),
            ("a.b.d.1", json!(2)),
            ("list.0.name", json!("x")),
            (r"k\.v", json!(true)),
        ] {
            set(&mut fields, path, value).unwrap();
        }
        assert_eq!(
            Value::Object(fields.clone()),
            json!({"a": {"b": {"c": 1, "d": [1, 2]}}, "list": [{"name": "x"}], "k.v": true})
        );
        for path in ["", "a..b", "a.b.c.d", "a.b.d.7", "a.b.d.x"] {
            assert!(set(&mut fields, path, json!(1)).is_err(), "{path}");
        }
    }
}
