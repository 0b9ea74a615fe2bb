//! Durations in options: numbers are seconds, text is human ("1h30m"), anything else is a `Duration`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use std::time::Duration;
use syn::spanned::Spanned as _;
use syn::{BinOp, Expr, Lit, UnOp};

/// A duration as an option gives it.
#[derive(Clone)]
pub(crate) enum Length {
    /// Known here.
    Fixed(Duration, Span),
    /// An expression whose value is a `Duration`.
    Expr(Expr),
}

impl Length {
    /// Whether a bare number is fine (it is seconds), or a unit is wanted.
    pub(crate) fn read(expr: Expr, bare_seconds: bool) -> syn::Result<Self> {
        let span = expr.span();
        if let Expr::Lit(lit) = &expr
            && let Lit::Str(text) = &lit.lit
        {
            let length = human(&text.value()).map_err(|why| syn::Error::new(span, why))?;
            return Ok(Self::Fixed(length, span));
        }
        let Some(seconds) = number(&expr) else { return Ok(Self::Expr(expr)) };
        if !bare_seconds {
            return Err(syn::Error::new(
                span,
                "this is usually less than a second, so it wants a unit: \"250ms\", \"2s\"",
            ));
        }
        match Duration::try_from_secs_f64(seconds) {
            Ok(length) => Ok(Self::Fixed(length, span)),
            Err(_) => Err(syn::Error::new(span, "a duration is a number of seconds from 0 on")),
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

/// The value of an arithmetic of literals.
pub(crate) fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_parse().ok(),
            Lit::Float(float) => float.base10_parse().ok(),
            _ => None,
        },
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Group(inner) => number(&inner.expr),
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
        assert_eq!(seconds("TTL"), None);
    }
}
