//! `batch`: up to fifty commands in one request, each a method with its query, later ones using earlier results.

use serde_json::{Map, Value, json};

use super::{Answer, RestError, args::Args, door::timing, run as run_method};
use crate::{php, tokens::Caller, world::World};

const MOST: usize = 50;

pub(super) fn run(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let commands: Vec<(String, String)> = match args.required("CMD")? {
        Value::Object(named) => named.iter().map(|(key, command)| (key.clone(), line(command))).collect(),
        Value::Array(listed) => {
            listed.iter().enumerate().map(|(index, command)| (index.to_string(), line(command))).collect()
        }
        _ => return Err(RestError::argument("CMD")),
    };
    if commands.len() > MOST {
        return Err(RestError::system("ERROR_BATCH_LENGTH_EXCEEDED"));
    }
    let halt = args.get("HALT").is_some_and(|halt| !php::is_empty(halt));
    let mut parts = Parts::default();
    for (key, command) in commands {
        let failed = parts.one(world, caller, key, &command);
        if failed && halt {
            break;
        }
    }
    Ok(parts.shown().into())
}

fn line(command: &Value) -> String {
    php::text(command).unwrap_or_default()
}

/// The five maps of the answer.
#[derive(Default)]
struct Parts {
    result: Map<String, Value>,
    error: Map<String, Value>,
    total: Map<String, Value>,
    time: Map<String, Value>,
}

impl Parts {
    /// Runs a command; true when it failed.
    fn one(&mut self, world: &mut World, caller: Caller, key: String, command: &str) -> bool {
        let (method, query) = command.split_once('?').unwrap_or((command, ""));
        let method = method.trim_end_matches(".json");
        let args = self.filled(php::parse_form(query.as_bytes()));
        let answer = if method.eq_ignore_ascii_case("batch") {
            Err(RestError::system("ERROR_BATCH_METHOD_NOT_ALLOWED"))
        } else if let Some(code) = world.faults.take_refusal(method) {
            Err(RestError::system(&code))
        } else {
            run_method(world, method, caller, args)
        };
        match answer {
            Ok(reply) => {
                self.total.extend(reply.total.map(|total| (key.clone(), json!(total))));
                self.time.insert(key.clone(), timing(world, method, world.clock.now(), world.options.work.call));
                self.result.insert(key, reply.result);
                false
            }
            Err(error) => {
                let told = json!({"error": error.code, "error_description": error.description});
                self.error.insert(key, told);
                true
            }
        }
    }

    /// Puts results of earlier commands in the place of `$result[key][field]`.
    fn filled(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.referred(&text).unwrap_or(Value::String(text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.filled(item)).collect()),
            Value::Object(members) => {
                Value::Object(members.into_iter().map(|(name, member)| (name, self.filled(member))).collect())
            }
            other => other,
        }
    }

    fn referred(&self, text: &str) -> Option<Value> {
        let path = text.strip_prefix("$result[")?.strip_suffix(']')?;
        let mut steps = path.split("][");
        let mut value = self.result.get(steps.next()?)?;
        for step in steps {
            value = match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                other => other.get(step)?,
            };
        }
        Some(value.clone())
    }

    fn shown(self) -> Value {
        json!({
            "result": php::map(self.result),
            "result_error": php::map(self.error),
            "result_total": php::map(self.total),
            "result_next": [],
            "result_time": php::map(self.time),
        })
    }
}
