//! Durations in options: numbers are seconds, text is human ("1h30m"), anything else is a `Duration`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use std::time::Duration;
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{BinOp, Expr, Lit, UnOp};

use crate::options::example;

/// A duration as an option gives it.
#[derive(Clone)]
pub(crate) enum Length {
    /// Known here.
    Fixed(Duration, Span),
    /// An expression whose value is a `Duration`.
    Expr(Expr),
}

impl Length {
    /// What an option of this name gives; with `bare_seconds` a bare number is fine, and seconds.
    pub(crate) fn read(name: &str, expr: Expr, bare_seconds: bool) -> syn::Result<Self> {
        let span = expr.span();
        let wrong = |span, why: String| Err(syn::Error::new(span, why));
        if let Some((text, span)) = with_suffix(&expr) {
            return wrong(span, format!("a unit is written in text: `{name} = \"{text}\"`"));
        }
        if let Some(seconds) = number(&expr) {
            let Ok(length) = Duration::try_from_secs_f64(seconds) else {
                return wrong(span, "a duration is a number of seconds from 0 on".to_owned());
            };
            // Nothing is nothing in any unit.
            if !bare_seconds && !length.is_zero() {
                return wrong(span, format!("`{name}` wants a unit: `{name} = \"{length:?}\"`"));
            }
            return Ok(Self::Fixed(length, span));
        }
        match &expr {
            Expr::Lit(lit) => match &lit.lit {
                Lit::Str(text) => match human(&text.value()) {
                    Ok(length) => Ok(Self::Fixed(length, span)),
                    Err(why) => wrong(span, why),
                },
                _ => wrong(span, format!("`{name}` is a duration: `{name} = {}`", example(name))),
            },
            Expr::Closure(_) => wrong(
                span,
                format!("`{name}` is fixed: only `ttl` may depend on the value, `ttl = |value| …`"),
            ),
            _ => Ok(Self::Expr(expr)),
        }
    }

    /// As an expression; constant where it is known here.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Self::Fixed(length, span) => {
                let (seconds, nanos) = (length.as_secs(), length.subsec_nanos());
                quote_spanned!(*span=> ::core::time::Duration::new(#seconds, #nanos))
            }
            Self::Expr(expr) => quote_spanned!(expr.span()=> #expr),
        }
    }

    /// How long it is, if that is known here.
    pub(crate) fn known(&self) -> Option<Duration> {
        match self {
            Self::Fixed(length, _) => Some(*length),
            Self::Expr(_) => None,
        }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.known() == Some(Duration::ZERO)
    }
}

/// The value of an arithmetic of literals. What has a suffix that is no type of numbers is no number.
pub(crate) fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(lit) if foreign_suffix(&lit.lit) => None,
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_parse().ok(),
            Lit::Float(float) => float.base10_parse().ok(),
            _ => None,
        },
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Some(-number(&unary.expr)?),
        Expr::Binary(binary) => {
            let (left, right) = (number(&binary.left)?, number(&binary.right)?);
            match binary.op {
                BinOp::Add(_) => Some(left + right),
                BinOp::Sub(_) => Some(left - right),
                BinOp::Mul(_) => Some(left * right),
                BinOp::Div(_) => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a literal is a number with a suffix of the user's, as in `5m`.
pub(crate) fn foreign_suffix(lit: &Lit) -> bool {
    const TYPES: [&str; 15] = [
        "", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
        "f64",
    ];
    match lit {
        Lit::Int(int) => !TYPES.contains(&int.suffix()),
        Lit::Float(float) => !TYPES.contains(&float.suffix()),
        _ => false,
    }
}

/// The first such literal in an expression, as it is written, and where.
fn with_suffix(expr: &Expr) -> Option<(String, Span)> {
    struct Finder(Option<(String, Span)>);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_lit(&mut self, lit: &'ast Lit) {
            if foreign_suffix(lit) {
                self.0.get_or_insert_with(|| (lit.to_token_stream().to_string(), lit.span()));
            }
        }
    }
    let mut finder = Finder(None);
    finder.visit_expr(expr);
    finder.0
}

const UNITS: [(&str, f64); 12] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
    ("day", 86_400.0),
    ("w", 604_800.0),
];

/// Reads "1h30m", "250ms", "1.5 h".
fn human(text: &str) -> Result<Duration, String> {
    const FORM: &str = "write it like \"1h30m\" or \"250ms\"; units are ns, us, ms, s, m, h, d and w";
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(format!("an empty duration: {FORM}"));
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let Ok(amount) = number.replace('_', "").parse::<f64>() else {
            return Err(format!("`{text}` is not a duration: {FORM}"));
        };
        if unit.is_empty() {
            return Err(format!("`{text}` has a number without a unit: {FORM}"));
        }
        let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("unknown unit `{unit}`: {FORM}"));
        };
        let part = Duration::try_from_secs_f64(amount * seconds);
        let sum = part.ok().and_then(|part| total.checked_add(part));
        total = sum.ok_or_else(|| format!("`{text}` is too long"))?;
        rest = next.trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn human_durations_add_up() {
        let millis = |text| human(text).map(|length| length.as_millis());
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("1.5 s"), Ok(1500));
        assert_eq!(millis("2 d 1 s"), Ok(172_801_000));
        for wrong in ["", "5 parsecs", "h", "5", "1h30", "-1s"] {
            assert!(human(wrong).is_err(), "{wrong:?} was read");
        }
    }

    #[test]
    fn arithmetic_of_literals_is_seconds() {
        let seconds = |text| number(&syn::parse_str(text).unwrap());
        assert_eq!(seconds("60 * 60"), Some(3600.0));
        assert_eq!(seconds("(1.5 + 0.5) * 2"), Some(4.0));
        assert_eq!(seconds("300u64 + 1.5f64"), Some(301.5));
        assert_eq!(seconds("TTL"), None);
    }

    #[test]
    fn a_unit_is_never_dropped() {
        for unit in ["5m", "250ms", "1.5h", "1h30m", "60 * 5m", "-5m"] {
            let expr: Expr = syn::parse_str(unit).unwrap();
            assert_eq!(number(&expr), None, "{unit} was read");
            assert!(with_suffix(&expr).is_some(), "{unit} was not seen");
        }
    }
}
