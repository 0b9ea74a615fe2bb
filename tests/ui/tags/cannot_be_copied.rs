use cache_core::memoize;

struct Conn(u64);

#[memoize(skip(conn), tags = [format!("{}/{value}", conn.0)])]
fn get(id: u64, conn: Conn) -> u64 {
    id + conn.0
}

fn main() {
    get(1, Conn(1));
}
