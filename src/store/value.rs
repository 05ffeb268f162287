//! What goes into statements and comes out of rows: whole numbers and texts, and the types that are written as them.

use super::error::StoreError;
use crate::domain::{Domain, Name};
use crate::moment::Moment;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A whole number, or none.
    Number(Option<i64>),
    /// A text, or none.
    Text(Option<String>),
}

/// A row, read column by column in the order of the statement.
#[derive(Debug)]
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The next column.
    pub(super) fn take<T: Column>(&mut self) -> Result<T, StoreError> {
        let value = self.0.next().unwrap_or(Value::Text(None));
        // What it is would be somebody's text: only what it should have been is told.
        T::read(value).ok_or_else(|| StoreError::Unreadable(format!("no {}", std::any::type_name::<T>())))
    }

    /// All columns that are left, as they are.
    pub(super) fn rest(self) -> std::vec::IntoIter<Value> {
        self.0
    }

    /// The next column: one of a choice of words.
    pub(super) fn word<T: Copy>(&mut self, choice: &[(&'static str, T)]) -> Result<T, StoreError> {
        let text: String = self.take()?;
        let found = choice.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| StoreError::Unreadable(format!("none of the words of {}", std::any::type_name::<T>())))
    }
}

/// The word of a value out of a choice.
pub(super) fn word<T: PartialEq>(choice: &[(&'static str, T)], meaning: &T) -> Value {
    choice.iter().find(|(_, other)| other == meaning).map_or("", |(word, _)| word).into()
}

/// What a column can be read as.
pub(super) trait Column: Sized {
    /// `None` where it is something else.
    fn read(value: Value) -> Option<Self>;
}

impl Column for i64 {
    fn read(value: Value) -> Option<Self> {
        if let Value::Number(number) = value { number } else { None }
    }
}

impl Column for String {
    fn read(value: Value) -> Option<Self> {
        if let Value::Text(text) = value { text } else { None }
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Number(None) | Value::Text(None) => Some(None),
            some => T::read(some).map(Some),
        }
    }
}

impl Column for u32 {
    fn read(value: Value) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Column for u64 {
    fn read(value: Value) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Column for bool {
    fn read(value: Value) -> Option<Self> {
        Some(i64::read(value)? != 0)
    }
}

impl Column for Moment {
    fn read(value: Value) -> Option<Self> {
        i64::read(value).map(Self)
    }
}

impl Column for Domain {
    fn read(value: Value) -> Option<Self> {
        String::read(value)?.parse().ok()
    }
}

impl Column for Name {
    fn read(value: Value) -> Option<Self> {
        String::read(value)?.parse().ok()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        i64::from(truth).into()
    }
}

impl From<Moment> for Value {
    fn from(moment: Moment) -> Self {
        moment.0.into()
    }
}

impl From<Option<Moment>> for Value {
    fn from(moment: Option<Moment>) -> Self {
        Self::Number(moment.map(|moment| moment.0))
    }
}

impl From<&str> for Value {
    /// PostgreSQL knows no text with a NUL in it, and nobody misses one.
    fn from(text: &str) -> Self {
        Self::Text(Some(text.replace('\0', "")))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Text(None), Self::from)
    }
}

impl From<&Domain> for Value {
    fn from(domain: &Domain) -> Self {
        domain.to_string().into()
    }
}
