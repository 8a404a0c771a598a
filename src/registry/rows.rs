//! Lists of different lengths side by side in two allocations: a few thousand small vectors would
//! cost more in headers than in content.

/// Rows of items, in the order in which they were pushed.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    ends: Vec<u32>,
    items: Vec<T>,
}

impl<T> Rows<T> {
    /// Adds a row after the last one.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.items.extend(row);
        // The registry's bounds keep the sum far below 32 bits.
        self.ends.push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
    }

    /// A row; empty where there is none of this number.
    pub(super) fn row(&self, number: usize) -> &[T] {
        let end = |number: usize| self.ends.get(number).map(|end| *end as usize);
        let start = number.checked_sub(1).and_then(end).unwrap_or(0);
        let range = end(number).and_then(|end| self.items.get(start..end));
        range.unwrap_or_default()
    }

    /// All items, row after row.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// The row that holds the item at this place of [`Rows::items`].
    pub(super) fn row_of(&self, item: usize) -> usize {
        self.ends.partition_point(|end| *end as usize <= item)
    }

    /// Gives back what was allocated ahead.
    pub(super) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.items.shrink_to_fit();
    }

    /// Heap memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.ends.capacity() * size_of::<u32>() + self.items.capacity() * size_of::<T>()
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Rows<T> {
        Rows { ends: Vec::new(), items: Vec::new() }
    }
}

impl<T> FromIterator<Vec<T>> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(rows: I) -> Rows<T> {
        let mut all = Rows::default();
        rows.into_iter().for_each(|row| all.push(row));
        all.shrink();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_pushed() {
        let rows: Rows<u8> = [vec![], vec![1, 2], vec![], vec![3], vec![]].into_iter().collect();
        let read: Vec<&[u8]> = (0..6).map(|number| rows.row(number)).collect();
        assert_eq!(read, [&[] as &[u8], &[1, 2], &[], &[3], &[], &[]]);
        assert_eq!([0, 1, 2].map(|item| rows.row_of(item)), [1, 1, 3]);
        assert_eq!(rows.items(), [1, 2, 3]);
        assert!(rows.row(usize::MAX).is_empty());
    }
}
