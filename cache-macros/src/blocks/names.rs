//! What a trait of companions is called: by the words in the type and in the trait, `DbCatsMemo`. Where these do
//! not tell all there is, a number made of the whole does, so that distinct types have distinct names.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The name for the `impl` of a trait for a type.
pub(super) fn companions(ty: TokenStream, of: TokenStream) -> String {
    let whole = format!("{ty} {of}");
    let mut words = Words::default();
    words.read(ty, 0);
    words.in_nested = false;
    words.read(of, 0);
    let Words { text, is_ambiguous, .. } = words;
    if is_ambiguous { format!("{text}Memo{:08x}", hash(&whole)) } else { format!("{text}Memo") }
}

/// What stands for `&T`, `[T]` and `[T; 2]`.
const MADE_UP: [&str; 3] = ["Ref", "Slice", "Array"];

/// The words so far, each with a capital.
#[derive(Default)]
struct Words {
    text: String,
    /// Arguments of arguments were seen.
    in_nested: bool,
    /// There was something that is not in the words.
    is_ambiguous: bool,
}

impl Words {
    fn push(&mut self, word: &str) {
        let mut letters = word.chars();
        self.text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        self.text.extend(letters);
    }

    /// A number. An `x` keeps it apart from a word that ends in one.
    fn number(&mut self, digits: &str) {
        if self.text.ends_with(|c: char| c.is_ascii_digit()) {
            self.text.push('x');
        }
        self.text.push_str(digits);
    }

    /// Reads tokens that are within so many angle brackets.
    fn read(&mut self, tokens: TokenStream, mut depth: usize) {
        let mut last = ' ';
        for token in tokens {
            let before = std::mem::replace(&mut last, ' ');
            match token {
                // A lifetime.
                TokenTree::Ident(_) if before == '\'' => {}
                TokenTree::Ident(ident) => {
                    let text = ident.to_string();
                    match text.trim_start_matches("r#") {
                        "dyn" | "const" | "crate" | "self" | "super" => {}
                        "fn" | "impl" | "for" | "as" | "unsafe" | "extern" => self.is_ambiguous = true,
                        word => {
                            // Brackets and references have a word, too.
                            self.is_ambiguous |= MADE_UP.contains(&word);
                            self.push(word);
                        }
                    }
                }
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    self.is_ambiguous |= !text.bytes().all(|byte| byte.is_ascii_digit());
                    let digits: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
                    self.number(&digits);
                }
                TokenTree::Punct(punct) => {
                    last = punct.as_char();
                    match last {
                        '&' => self.push("Ref"),
                        '<' => {
                            depth += 1;
                            self.in_nested |= depth > 1;
                        }
                        '>' if before == '-' => self.is_ambiguous = true,
                        '>' => depth = depth.saturating_sub(1),
                        // In `A<B<C>, D>` and `A<B<C, D>>` the words are the same.
                        ',' => self.is_ambiguous |= self.in_nested || depth > 1,
                        ':' | '\'' => {}
                        _ => self.is_ambiguous = true,
                    }
                }
                TokenTree::Group(group) => {
                    match group.delimiter() {
                        Delimiter::Bracket => {
                            let is_array = group.stream().into_iter().any(|token| is_semicolon(&token));
                            self.push(if is_array { "Array" } else { "Slice" });
                        }
                        Delimiter::None => {}
                        Delimiter::Parenthesis | Delimiter::Brace => self.is_ambiguous = true,
                    }
                    let (inside, end): (Vec<_>, Vec<_>) = split(group.stream());
                    self.read(inside.into_iter().collect(), depth);
                    self.read(end.into_iter().collect(), depth);
                }
            }
        }
    }
}

/// `T; 2` is `T` and `2`.
fn split(tokens: TokenStream) -> (Vec<TokenTree>, Vec<TokenTree>) {
    let mut tokens = tokens.into_iter();
    let before = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    (before, tokens.collect())
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// FNV-1a: the same wherever and whenever it is compiled.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
