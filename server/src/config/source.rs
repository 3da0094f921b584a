//! Where settings come from: the file's table with the environment laid over it, read key by key so that whatever
//! is missing, wrong or unknown is named by its full key.

use super::ConfigError;
use std::str::FromStr;
use toml::{Table, Value};

/// What settings in the environment begin with; `__` goes a level deeper, a number into a list.
const PREFIX: &str = "OTKLIK_";

/// Lays the variables of the environment over `table`. Values from there are texts.
pub fn overlay(table: &mut Table, environment: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
    let mut found: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    found.sort(); // a list's second element comes after its first
    for (name, value) in found {
        let path = name[PREFIX.len()..].to_ascii_lowercase();
        let steps: Vec<&str> = path.split("__").collect();
        let unknown = || ConfigError::Unknown(name.clone());
        let (last, way) = steps.split_last().ok_or_else(unknown)?;
        place(table, way, last, value).ok_or_else(unknown)?;
    }
    Ok(())
}

/// Puts `value` under `way`/`last`. None where the way leads through something that is no table or list.
fn place(table: &mut Table, way: &[&str], last: &str, value: String) -> Option<()> {
    let Some((step, rest)) = way.split_first() else {
        table.insert(last.to_owned(), Value::String(value));
        return Some(());
    };
    let numbered = rest.first().and_then(|number| number.parse::<usize>().ok());
    let Some(nth) = numbered else {
        let inner = table.entry(*step).or_insert_with(|| Value::Table(Table::new()));
        return place(inner.as_table_mut()?, rest, last, value);
    };
    let list = table.entry(*step).or_insert_with(|| Value::Array(Vec::new())).as_array_mut()?;
    if nth == list.len() {
        list.push(Value::Table(Table::new()));
    }
    place(list.get_mut(nth)?.as_table_mut()?, &rest[1..], last, value)
}

/// A table being read. What is left when all known keys were taken is unknown.
pub struct Section {
    path: String,
    table: Table,
}

impl Section {
    pub fn root(table: Table) -> Self {
        Self { path: String::new(), table }
    }

    /// The full name of `key` in here.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The text under `key`.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text is expected")),
        }
    }

    /// The whole number under `key`, from `least` to `most`; `usual` where there is none.
    pub fn number(&mut self, key: &str, usual: u64, least: u64, most: u64) -> Result<u64, ConfigError> {
        let number = match self.table.remove(key) {
            None => return Ok(usual),
            Some(Value::Integer(number)) => u64::try_from(number).ok(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(key, &format!("a whole number from {least} to {most} is expected")))
    }

    /// The text under `key`, understood as a `T`.
    pub fn parsed<T: FromStr>(&mut self, key: &str, expected: &str) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(key, expected))
    }

    /// The table under `key`; an empty one where there is none.
    pub fn section(&mut self, key: &str) -> Result<Section, ConfigError> {
        match self.table.remove(key) {
            None => Ok(Section { path: self.key(key), table: Table::new() }),
            Some(Value::Table(table)) => Ok(Section { path: self.key(key), table }),
            Some(_) => Err(self.wrong(key, "a table is expected")),
        }
    }

    /// The tables under `key`.
    pub fn sections(&mut self, key: &str) -> Result<Vec<Section>, ConfigError> {
        let list = match self.table.remove(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(key, "a list of tables is expected")),
        };
        let each = list.into_iter().enumerate().map(|(nth, value)| match value {
            Value::Table(table) => Ok(Section { path: format!("{}.{nth}", self.key(key)), table }),
            _ => Err(self.wrong(&format!("{key}.{nth}"), "a table is expected")),
        });
        each.collect()
    }

    /// All known keys were taken: any other is refused by name.
    pub fn end(self) -> Result<(), ConfigError> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(ConfigError::Unknown(self.key(key))),
        }
    }

    pub fn missing(&self, key: &str) -> ConfigError {
        ConfigError::Missing(self.key(key))
    }

    pub fn wrong(&self, key: &str, expected: &str) -> ConfigError {
        ConfigError::Wrong { key: self.key(key), expected: expected.to_owned() }
    }
}
