//! Durations in options: numbers are seconds, text is human ("1h30m"), anything else is a `Duration`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use std::time::Duration;
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{BinOp, Expr, Lit, UnOp};

use crate::model::at;
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
        if let Some(seconds) = exact(&expr) {
            let Some(length) = seconds.seconds() else {
                let why = format!("a duration is a number of seconds, from 0 to {}", u64::MAX);
                return wrong(span, why);
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
                at(*span, quote!(::core::time::Duration::new(#seconds, #nanos)))
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

/// A number as it was written.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "where it is written with a fraction, that is what was meant"
    )]
    fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    fn seconds(self) -> Option<Duration> {
        match self {
            Self::Whole(number) => u64::try_from(number).ok().map(Duration::from_secs),
            Self::Float(number) => Duration::try_from_secs_f64(number).ok(),
        }
    }
}

/// The value of an arithmetic of literals. What has a suffix that is no type of numbers is no number.
pub(crate) fn number(expr: &Expr) -> Option<f64> {
    exact(expr).map(Number::float)
}

fn exact(expr: &Expr) -> Option<Number> {
    use Number::{Float, Whole};
    match expr {
        Expr::Lit(lit) if foreign_suffix(&lit.lit) => None,
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_parse().ok().map(Whole),
            Lit::Float(float) => float.base10_parse().ok().map(Float),
            _ => None,
        },
        Expr::Paren(inner) => exact(&inner.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match exact(&unary.expr)? {
            Whole(number) => number.checked_neg().map(Whole),
            Float(number) => Some(Float(-number)),
        },
        Expr::Binary(binary) => {
            let (left, right) = (exact(&binary.left)?, exact(&binary.right)?);
            let whole = match (left, right, &binary.op) {
                (Whole(left), Whole(right), BinOp::Add(_)) => left.checked_add(right),
                (Whole(left), Whole(right), BinOp::Sub(_)) => left.checked_sub(right),
                (Whole(left), Whole(right), BinOp::Mul(_)) => left.checked_mul(right),
                // What leaves a rest is a fraction: `1 / 2` is half a second.
                (Whole(left), Whole(right), BinOp::Div(_)) if right != 0 && left % right == 0 => {
                    Some(left / right)
                }
                _ => None,
            };
            let (left, right) = (left.float(), right.float());
            whole.map(Whole).or(match binary.op {
                BinOp::Add(_) => Some(Float(left + right)),
                BinOp::Sub(_) => Some(Float(left - right)),
                BinOp::Mul(_) => Some(Float(left * right)),
                BinOp::Div(_) => Some(Float(left / right)),
                _ => None,
            })
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

const SECOND: u64 = 1_000_000_000;

/// In nanoseconds.
const UNITS: [(&str, u64); 12] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("sec", SECOND),
    ("m", 60 * SECOND),
    ("min", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("day", 86_400 * SECOND),
    ("w", 604_800 * SECOND),
];

/// So many of a unit; `None` if that is too long. Exact for whole numbers.
#[expect(clippy::cast_precision_loss, reason = "where it is written with a fraction, that is what was meant")]
fn times(number: &str, amount: f64, unit: u64) -> Option<Duration> {
    if number.contains('.') {
        return Duration::try_from_secs_f64(amount * (unit as f64 / SECOND as f64)).ok();
    }
    let nanos = number.parse::<u128>().ok()?.checked_mul(u128::from(unit))?;
    let second = u128::from(SECOND);
    let seconds = u64::try_from(nanos / second).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanos % second).ok()?))
}

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
        let number = number.replace('_', "");
        let Ok(amount) = number.parse::<f64>() else {
            return Err(format!("`{text}` is not a duration: {FORM}"));
        };
        if unit.is_empty() {
            return Err(format!("`{text}` has a number without a unit: {FORM}"));
        }
        let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("unknown unit `{unit}`: {FORM}"));
        };
        let sum = times(&number, amount, *unit).and_then(|part| total.checked_add(part));
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
        assert_eq!(seconds("1 / 2"), Some(0.5));
    }

    #[test]
    fn whole_numbers_are_exact_up_to_the_longest_duration() {
        let read = |text: &str| match Length::read("ttl", syn::parse_str(text).unwrap(), true) {
            Ok(length) => length.known(),
            Err(_) => None,
        };
        for number in [0, 1, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
            let length = Some(Duration::from_secs(number));
            assert_eq!(read(&number.to_string()), length);
            assert_eq!(read(&format!("{number}u64")), length);
            assert_eq!(read(&format!("{number:#x}")), length);
            assert_eq!(read(&format!("2 * {number} - {number}")), length);
            assert_eq!(read(&format!("\"{number}s\"")), length);
            assert_eq!(read(&format!("\"{number} ns\"")), Some(Duration::from_nanos(number)));
        }
        assert_eq!(
            read("\"18446744073709551615s 999ms\""),
            Some(Duration::from_millis(999) + Duration::from_secs(u64::MAX))
        );
        let too_long = [
            "18446744073709551616",
            "18446744073709551615 + 1",
            "\"18446744073709551616s\"",
            "\"1e3s\"",
            "-1",
        ];
        for wrong in
            too_long.iter().chain(&["1e30", "1 / 0", "\"99999999999999999999999999999999999999999w\""])
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
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
