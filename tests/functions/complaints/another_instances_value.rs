//! The value of another instance or instantiation is not returned.

use super::*;

struct Table<T>(Vec<T>);

impl<T: Clone + Debug + Send + Sync + 'static> Table<T> {
    #[memoize(skip(self))]
    fn count(&self, n: usize) -> usize {
        self.0.len() + n
    }

    #[memoize(key = (self.0.as_ptr().addr(), ..))]
    fn at(&self, n: usize) -> Option<T> {
        self.0.get(n).cloned()
    }
}

// Alike in key and value, so only the type of the instance tells them apart.
#[test]
fn is_not_returned_by_another_instantiation() {
    let (numbers, texts) = (Table(vec![1, 2, 3]), Table(vec!["one"]));
    assert_eq!((numbers.count(1), texts.count(1), numbers.count(1)), (4, 2, 4));
}

#[test]
fn is_not_returned_by_another_instance_that_the_key_tells_apart() {
    let (numbers, others) = (Table(vec![1, 2]), Table(vec![3, 4]));
    assert_eq!((numbers.at(1), others.at(1), numbers.at(2)), (Some(2), Some(4), None));
    assert_eq!((numbers.at(1), others.at(1), numbers.at(2)), (Some(2), Some(4), None));
}

#[test]
fn is_not_returned_by_another_instantiation_of_a_function() {
    #[memoize]
    fn size<T: 'static>(n: usize) -> usize {
        size_of::<T>() * n
    }
    assert_eq!((size::<u8>(3), size::<u64>(3), size::<u8>(3)), (3, 24, 3));
    assert_eq!(size::<()>::all().len(), 2);
}
