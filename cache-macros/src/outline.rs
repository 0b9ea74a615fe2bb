//! The blocks of a source file, and the items in them, without a parser: comments and texts are blanked out, and
//! brackets are matched.

/// See the module.
pub(crate) struct Outline {
    /// The text, with spaces in place of what is no code.
    code: String,
    /// By where they begin. The first is the file.
    blocks: Vec<Bracketed>,
}

/// What is between two brackets.
struct Bracketed {
    /// The first byte inside, and the one after the last.
    begin: usize,
    end: usize,
    parent: usize,
    bracket: u8,
    /// Where what is before the bracket begins.
    head: usize,
    /// It is handed to a macro, or is in what is.
    is_of_macro: bool,
}

/// A block of code.
pub(crate) enum Block<'a> {
    File,
    /// `head { .. }`
    Braces(&'a str),
}

/// An item, or the head of one.
pub(crate) struct Item<'a> {
    /// The names of its attributes, and of those that it may have.
    pub(crate) attributes: Vec<&'a str>,
    /// From behind them on.
    pub(crate) text: &'a str,
}

impl Outline {
    pub(crate) fn new(text: &str) -> Self {
        let code = String::from_utf8(blanked(text.as_bytes())).unwrap_or_default();
        let blocks = blocks(&code);
        Self { code, blocks }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The innermost block that a byte is in.
    pub(crate) fn innermost(&self, at: usize) -> usize {
        let mut block = self.blocks.partition_point(|block| block.begin <= at).saturating_sub(1);
        while self.blocks[block].end <= at && block > 0 {
            block = self.blocks[block].parent;
        }
        block
    }

    /// A block that is code as it stands there, and not what a macro makes something of.
    pub(crate) fn visible(&self, block: usize) -> Option<Block<'_>> {
        let bracketed = &self.blocks[block];
        match bracketed.bracket {
            _ if block == 0 => Some(Block::File),
            b'{' if !bracketed.is_of_macro => {
                Some(Block::Braces(&self.code[bracketed.head..bracketed.begin - 1]))
            }
            _ => None,
        }
    }

    /// What stands in a block itself, piece by piece.
    pub(crate) fn items(&self, block: usize) -> impl Iterator<Item = Item<'_>> {
        let bracketed = &self.blocks[block];
        let children = self.blocks[block + 1..].iter().take_while(|child| child.begin <= bracketed.end);
        // Where each begins, where what follows it does, and whether it ends an item.
        let children = children.filter(|child| child.parent == block);
        let children = children.map(|child| (child.begin - 1, child.end + 1, child.bracket == b'{'));
        let mut pieces = Vec::new();
        let (mut from, mut at) = (bracketed.begin, bracketed.begin);
        for (begin, behind, ends) in children.chain([(bracketed.end, bracketed.end, false)]) {
            for (semicolon, _) in self.code[at.min(begin)..begin].match_indices(';') {
                pieces.push(from..at + semicolon);
                from = at + semicolon + 1;
            }
            at = behind.min(self.code.len());
            if ends {
                pieces.push(from..at);
                from = at;
            }
        }
        pieces.into_iter().map(|piece| Item::new(&self.code[piece]))
    }
}

impl<'a> Item<'a> {
    /// By its code.
    pub(crate) fn new(code: &'a str) -> Self {
        let mut attributes = Vec::new();
        let mut text = code.trim();
        while let Some(rest) = text.strip_prefix('#') {
            let rest = rest.trim_start_matches(['!', ' ', '\n']);
            let Some(inside) = rest.strip_prefix('[') else { break };
            let mut depth = 1;
            let close = inside.find(|next: char| {
                depth += i32::from(next == '[') - i32::from(next == ']');
                depth == 0
            });
            attributes.extend(names(&inside[..close.unwrap_or(inside.len())]));
            text = close.map_or("", |close| inside[close + 1..].trim_start());
        }
        Self { attributes, text }
    }
}

/// The name of an attribute. Of `cfg_attr(unix, doc(..), cold)` it is those that are there if the condition holds.
fn names<'a>(attribute: &'a str) -> Vec<&'a str> {
    let name = |of: &'a str| {
        let of = of.trim_start();
        of.find(|next: char| !(next.is_alphanumeric() || "_:".contains(next))).map_or(of, |end| &of[..end])
    };
    let (own, mut depth) = (name(attribute), 0);
    let Some((_, inside)) = attribute.split_once('(').filter(|_| own == "cfg_attr") else { return vec![own] };
    let parts = inside.split(|next: char| {
        depth += i32::from(next == '(') - i32::from(next == ')');
        next == ',' && depth == 0
    });
    parts.skip(1).map(name).collect()
}

/// A text with spaces in place of comments, and of what is in texts and characters.
fn blanked(text: &[u8]) -> Vec<u8> {
    let mut code = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        let end = match text[at] {
            b'/' if text.get(at + 1) == Some(&b'/') => {
                text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end)
            }
            b'/' if text.get(at + 1) == Some(&b'*') => comment_end(text, at),
            b'"' => text_end(text, at + 1),
            b'r' if at == 0 || !is_word(&text[at - 1]) || is_prefix(text, at) => {
                match raw_text_end(text, at + 1) {
                    Some(end) => end,
                    None => at,
                }
            }
            b'\'' => character_end(text, at),
            _ => at,
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    code
}

/// Whether the byte before an `r` is that of `br` or `cr` alone.
fn is_prefix(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(2).map(|at| text[at]);
    matches!(text[at - 1], b'b' | b'c')
        && before.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80))
}

/// Comments can be within comments.
fn comment_end(text: &[u8], begin: usize) -> usize {
    let (mut at, mut depth) = (begin, 0);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at.min(text.len())
}

fn text_end(text: &[u8], begin: usize) -> usize {
    let mut at = begin;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// The end of `r".."` or `r#".."#`, behind its `r`; none if it is something else, such as `r#fn`.
fn raw_text_end(text: &[u8], begin: usize) -> Option<usize> {
    let hashes = text[begin..].iter().take_while(|byte| **byte == b'#').count();
    if text.get(begin + hashes) != Some(&b'"') {
        return None;
    }
    let mut at = begin + hashes + 1;
    while at < text.len() {
        if text[at] == b'"'
            && text[at + 1..].iter().take(hashes).filter(|byte| **byte == b'#').count() == hashes
        {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(at)
}

/// The end of `'a'`; where it begins if it is a lifetime.
fn character_end(text: &[u8], begin: usize) -> usize {
    match text[begin + 1..] {
        [b'\\', ..] => {
            let rest = &text[(begin + 3).min(text.len())..];
            rest.iter().position(|byte| *byte == b'\'').map_or(text.len(), |end| begin + 3 + end + 1)
        }
        [_, b'\'', ..] => begin + 3,
        // A character of several bytes.
        [0x80..=0xFF, ..] => {
            let rest = &text[begin + 1..];
            let width = rest.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count() + 1;
            if rest.get(width) == Some(&b'\'') { begin + 2 + width } else { begin }
        }
        _ => begin,
    }
}

fn blocks(code: &str) -> Vec<Bracketed> {
    let file = Bracketed { begin: 0, end: code.len(), parent: 0, bracket: 0, head: 0, is_of_macro: false };
    let mut blocks = vec![file];
    // The open ones, and where what comes next in each begins.
    let mut open = vec![(0, 0)];
    for (at, byte) in code.bytes().enumerate() {
        let depth = open.len() - 1;
        let (parent, head) = open[depth];
        match byte {
            b'{' | b'(' | b'[' => {
                let is_of_macro = blocks[parent].is_of_macro || is_of_macro(&code[head..at]);
                blocks.push(Bracketed {
                    begin: at + 1,
                    end: code.len(),
                    parent,
                    bracket: byte,
                    head,
                    is_of_macro,
                });
                open.push((blocks.len() - 1, at + 1));
            }
            b'}' | b')' | b']' if depth > 0 => {
                blocks[parent].end = at;
                open.pop();
                if byte == b'}' {
                    open[depth - 1].1 = at + 1;
                }
            }
            b';' => open[depth].1 = at + 1,
            _ => {}
        }
    }
    blocks
}

/// Whether a bracket is that of a macro: `m! {`, `macro_rules! m {`.
fn is_of_macro(before: &str) -> bool {
    let before = before.trim_end();
    let named = before.trim_end_matches(|last: char| last.is_alphanumeric() || last == '_').trim_end();
    before.ends_with('!') || named.ends_with('!')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_is_blank() {
        let code = |text: &str| Outline::new(text).code;
        assert_eq!(code("a // b {\nc"), "a       \nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"f("{\"{", 'x', '{', '\'', '\u{7b}')"#), "f(      ,    ,    ,     ,         )");
        assert_eq!(code("fn f<'a>(s: &'a str) {}"), "fn f<'a>(s: &'a str) {}");
        assert_eq!(code("r#\"{ \" {\"# + br\"{\" + r#fn + her\"{\""), "           + b     + r#fn + her   ");
        assert_eq!(code("'ü' + 'a"), "     + 'a");
        for open in ["\"", "r#\"", "/*", "'\\", "r#", "'"] {
            let _ = code(open);
        }
    }

    #[test]
    fn items_have_attributes_and_a_text() {
        let outline = Outline::new(
            "#![allow(x)]\n/// D.\n#[a::b(c = [1])] #[d]\npub fn f(a: [u8; 2]) -> u8 { g(); h }\n#[cfg_attr(any(x, y), a(b, c), d)] mod m;\nm! { fn n() {} }\nstruct S",
        );
        let items: Vec<_> = outline.items(0).map(|item| (item.attributes, item.text.to_owned())).collect();
        assert_eq!(items.len(), 3);
        assert_eq!(items[0].0, ["allow", "a::b", "d"]);
        assert!(items[0].1.starts_with("pub fn f"));
        assert_eq!(items[1], (vec!["a", "d"], "mod m".to_owned()));
    }
}
