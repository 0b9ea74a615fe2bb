//! What `macro_rules!` pass on as fragments (`$e:expr`, `$t:ty`, `$b:block`) comes in invisible groups. They
//! are opened before anything is read, so that a fragment means what its tokens mean; and the compiler takes
//! no notice of those that a macro hands back, so an operand that needs its group is put into parentheses.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{Expr, Type};

/// The tokens without invisible groups.
pub(crate) fn open(tokens: TokenStream) -> TokenStream {
    if !has_groups(tokens.clone()) {
        return tokens;
    }
    opened(tokens, Within::Other)
}

/// The same for an item, but for its body, which is handed back as it is.
pub(crate) fn open_item(item: TokenStream) -> TokenStream {
    if !has_groups(item.clone()) {
        return item;
    }
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    // The item as a whole, or its body, may be a fragment.
    while let Some(TokenTree::Group(last)) = tokens.last()
        && last.delimiter() == Delimiter::None
    {
        let inner = last.stream();
        tokens.pop();
        tokens.extend(inner);
    }
    let is_body =
        |last: &mut TokenTree| matches!(last, TokenTree::Group(of) if of.delimiter() == Delimiter::Brace);
    let body = tokens.pop_if(is_body);
    let mut item = opened(tokens.into_iter().collect(), Within::Other);
    item.extend(body);
    item
}

fn has_groups(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::None || has_groups(group.stream()),
        _ => false,
    })
}

/// Where tokens are.
#[derive(Clone, Copy, PartialEq)]
enum Within {
    /// Statements, or the items of a block.
    Braces,
    /// What a macro is given: it may count tokens.
    Macro,
    Other,
}

fn opened(tokens: TokenStream, within: Within) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = TokenStream::new();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            out.extend([token.clone()]);
            continue;
        };
        let (before, after) = (&tokens[..at], &tokens[at + 1..]);
        let delimiter = group.delimiter();
        let inside = match delimiter {
            _ if within == Within::Macro || is_macro(before) => Within::Macro,
            Delimiter::Brace => Within::Braces,
            _ => Within::Other,
        };
        let stream = opened(group.stream(), inside);
        if delimiter == Delimiter::None {
            out.extend(fragment(stream, group.span(), before, after, within));
        } else {
            out.extend([grouped(delimiter, stream, group.span())]);
        }
    }
    out
}

/// A fragment as it stands between other tokens.
fn fragment(
    tokens: TokenStream,
    span: Span,
    before: &[TokenTree],
    after: &[TokenTree],
    within: Within,
) -> TokenStream {
    let mut each = tokens.clone().into_iter();
    if each.next().is_none() || each.next().is_none() {
        return tokens;
    }
    let is_whole = begins(before) && ends(after);
    let keeps = match syn::parse2::<Expr>(tokens.clone()) {
        // A statement does not begin with what could be one by itself.
        Ok(Expr::Binary(_) | Expr::Cast(_) | Expr::Range(_)) => is_whole && within != Within::Braces,
        Ok(expr) => is_whole || is_one(&expr, after),
        Err(_) => is_whole || !matches!(syn::parse2::<Type>(tokens.clone()), Ok(ty) if is_sum(&ty)),
    };
    match (keeps, within) {
        (true, Within::Macro) => grouped(Delimiter::None, tokens, span).into(),
        (true, _) => tokens,
        // The span says that nobody has written these parentheses.
        (false, _) => grouped(Delimiter::Parenthesis, tokens, Span::mixed_site().located_at(span)).into(),
    }
}

/// Whether an expression is one operand among whatever is around it.
fn is_one(expr: &Expr, after: &[TokenTree]) -> bool {
    match expr {
        Expr::Array(_)
        | Expr::Await(_)
        | Expr::Call(_)
        | Expr::Field(_)
        | Expr::Index(_)
        | Expr::Lit(_)
        | Expr::Macro(_)
        | Expr::MethodCall(_)
        | Expr::Paren(_)
        | Expr::Path(_)
        | Expr::Repeat(_)
        | Expr::Try(_)
        | Expr::Tuple(_) => true,
        // `-1` may be a pattern, and `&str` a type, where parentheses are another thing or none.
        Expr::Unary(unary) => is_one(&unary.expr, &[]) && !is_postfix(after),
        Expr::Reference(reference) => is_one(&reference.expr, &[]) && !is_postfix(after),
        // After a keyword, or where items are.
        Expr::Block(_) => !matches!(after.first(), Some(TokenTree::Punct(_))),
        _ => false,
    }
}

/// Whether what follows binds tighter than an operator before: `.len()`, `?`, `(..)`, `[..]`.
fn is_postfix(after: &[TokenTree]) -> bool {
    match after {
        [TokenTree::Punct(first), rest @ ..] => {
            first.as_char() == '?'
                || (first.as_char() == '.' && !matches!(rest.first(), Some(TokenTree::Punct(_))))
        }
        [TokenTree::Group(group), ..] => group.delimiter() != Delimiter::Brace,
        _ => false,
    }
}

/// `dyn A + B`, which stands after `&` in parentheses only.
fn is_sum(ty: &Type) -> bool {
    match ty {
        Type::TraitObject(of) => of.bounds.len() > 1,
        Type::ImplTrait(of) => of.bounds.len() > 1,
        _ => false,
    }
}

/// Whether an expression or type can only begin after these tokens.
fn begins(before: &[TokenTree]) -> bool {
    let char = |at: usize| match before.iter().rev().nth(at) {
        Some(TokenTree::Punct(punct)) => Some((punct.as_char(), punct.spacing())),
        _ => None,
    };
    match (before.last(), char(0), char(1)) {
        (None, ..)
        | (_, Some((',' | ';', _)), _)
        | (_, Some(('>', _)), Some(('=', proc_macro2::Spacing::Joint))) => true,
        (_, Some(('=', _)), before) => !matches!(before, Some((_, proc_macro2::Spacing::Joint))),
        _ => false,
    }
}

/// Whether it ends before these.
fn ends(after: &[TokenTree]) -> bool {
    match after.first() {
        None => true,
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ',' | ';'),
        Some(_) => false,
    }
}

/// Whether a macro is called: `name!`.
fn is_macro(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(_), TokenTree::Punct(bang)] if bang.as_char() == '!')
}

fn grouped(delimiter: Delimiter, tokens: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, tokens);
    group.set_span(span);
    TokenTree::Group(group)
}
