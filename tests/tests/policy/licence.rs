//! SPDX licence expressions: `MIT OR (Apache-2.0 AND ISC)`, and the old way with a slash for “or”.

/// Whether the licences in `allowed` satisfy `expression`.
///
/// # Errors
/// What cannot be read.
pub fn is_allowed(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let verdict = reader.either()?;
    match reader.words {
        [] => Ok(verdict),
        [stray, ..] => Err(format!("{stray} is out of place")),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn either(&mut self) -> Result<bool, String> {
        let mut verdict = self.both()?;
        while self.take("OR") {
            verdict |= self.both()?;
        }
        Ok(verdict)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let verdict = self.either()?;
            return if self.take(")") { Ok(verdict) } else { Err("a bracket stays open".to_owned()) };
        }
        let [name, rest @ ..] = self.words else { return Err("ends too early".to_owned()) };
        self.words = rest;
        let mut name = (*name).to_owned();
        if self.take("WITH") {
            let [exception, rest @ ..] = self.words else { return Err("ends too early".to_owned()) };
            self.words = rest;
            name = format!("{name} WITH {exception}");
        }
        Ok(self.allowed.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        let [next, rest @ ..] = self.words else { return false };
        let is_it = *next == word;
        if is_it {
            self.words = rest;
        }
        is_it
    }
}

#[test]
fn expressions_mean_what_spdx_says() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    let is = |expression| is_allowed(expression, &allowed);
    assert_eq!(is("MIT"), Ok(true));
    assert_eq!(is("Apache-2.0/MIT"), Ok(true));
    assert_eq!(is("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only"), Ok(true));
    assert_eq!(is("GPL-2.0-only OR MIT AND ISC"), Ok(true));
    assert_eq!(is("(GPL-2.0-only OR MIT) AND Apache-2.0"), Ok(false));
    assert_eq!(is("Apache-2.0"), Ok(false));
    assert!(is("MIT OR").is_err() && is("(MIT").is_err() && is("MIT ISC").is_err());
}
