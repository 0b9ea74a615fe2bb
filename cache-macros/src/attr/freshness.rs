//! Options that say when an entry is used and are no plain durations.

use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprCall, Lit};

use super::{as_text, value};
use crate::duration::{Length, number};
use crate::options::Ahead;

pub(crate) fn jitter(input: ParseStream<'_>) -> syn::Result<f64> {
    let expr: Expr = value(input)?;
    match number(&expr) {
        Some(part) if part > 0.0 && part < 1.0 => Ok(part),
        _ => Err(syn::Error::new(
            expr.span(),
            "`jitter` is the part of the ttl by which it may be shortened, a number between 0 and 1: `jitter = 0.1`",
        )),
    }
}

pub(crate) fn refresh_ahead(input: ParseStream<'_>) -> syn::Result<Ahead> {
    let expr = value(input)?;
    if let Expr::Path(path) = &expr
        && path.path.is_ident("xfetch")
    {
        return Ok(Ahead::XFetch(1.0));
    }
    if let Expr::Call(call) = &expr
        && let Expr::Path(path) = &*call.func
        && path.path.is_ident("xfetch")
    {
        return beta(call).map(Ahead::XFetch);
    }
    if let Some(text) = as_text(&expr)
        && let Some(percent) = text.value().trim().strip_suffix('%')
        && let Ok(percent) = percent.trim().parse::<f64>()
    {
        let why = format!("a part is a number: `refresh_ahead = {}`", percent / 100.0);
        return Err(syn::Error::new(expr.span(), why));
    }
    match number(&expr) {
        Some(part) if part > 0.0 && part < 1.0 => Ok(Ahead::Fraction(part)),
        None if !matches!(&expr, Expr::Lit(lit) if matches!(lit.lit, Lit::Bool(_))) => {
            Length::read("refresh_ahead", expr, false).map(Ahead::Age)
        }
        _ => Err(syn::Error::new(
            expr.span(),
            "a number is a part of the ttl, between 0 and 1: `refresh_ahead = 0.8`; an age wants a unit: `refresh_ahead = \"4m\"`",
        )),
    }
}

fn beta(call: &ExprCall) -> syn::Result<f64> {
    let mut given = call.args.iter();
    match (given.next().and_then(number), given.next()) {
        (Some(beta), None) if beta > 0.0 && beta.is_finite() => Ok(beta),
        _ => Err(syn::Error::new(
            call.span(),
            "`xfetch` takes one number above 0, more than 1 to refresh sooner: `refresh_ahead = xfetch(1.0)`",
        )),
    }
}
