//! Comma-separated files: read while they arrive, and written so that no program takes a cell for a formula.

/// The longest record, in bytes. A quote that is never closed must not swallow memory.
const RECORD: usize = 16 * 1024;
/// The most cells of a record.
const CELLS: usize = 64;

/// Adds a line to a file. A cell that a spreadsheet would compute gets an apostrophe in front.
pub fn write_line<C: AsRef<str>>(file: &mut Vec<u8>, cells: impl IntoIterator<Item = C>) {
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            file.push(b',');
        }
        write_cell(file, cell.as_ref());
    }
    file.extend_from_slice(b"\r\n");
}

fn write_cell(file: &mut Vec<u8>, cell: &str) {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let quoted = cell.contains([',', '"', '\r', '\n', '\t']) || cell.starts_with(' ') || cell.ends_with(' ');
    if quoted {
        file.extend_from_slice(format!("\"{guard}{}\"", cell.replace('"', "\"\"")).as_bytes());
    } else {
        file.extend_from_slice(guard.as_bytes());
        file.extend_from_slice(cell.as_bytes());
    }
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Its cells.
    Cells(Vec<String>),
    /// Longer than any record may be.
    TooLong,
    /// Not UTF-8.
    NotText,
}

/// Reads records from bytes as they come, with memory for one record.
pub struct Records {
    core: csv_core::Reader,
    /// The first bytes, until there are enough to see a byte order mark.
    first: Option<Vec<u8>>,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    cells: usize,
    overflow: bool,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            core: csv_core::Reader::new(),
            first: Some(Vec::new()),
            text: vec![0; RECORD],
            ends: vec![0; CELLS],
            filled: 0,
            cells: 0,
            overflow: false,
        }
    }
}

impl Records {
    /// Reads more bytes, and hands over each record that is complete.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Record)) {
        let Some(mut first) = self.first.take() else { return self.read(bytes, &mut each) };
        first.extend_from_slice(bytes);
        if first.len() <= 3 {
            self.first = Some(first);
        } else {
            self.read(&first, &mut each);
        }
    }

    /// The file has ended: hands over a last record without a line end.
    pub fn finish(&mut self, mut each: impl FnMut(Record)) {
        if let Some(first) = self.first.take() {
            self.read(&first, &mut each);
        }
        while self.step(&mut &[][..], &mut each) {}
    }

    fn read(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Record)) {
        // An empty slice would mean the end of the file.
        while !bytes.is_empty() && self.step(&mut bytes, each) {}
    }

    /// One step of the parser; answers whether there may be more.
    fn step(&mut self, bytes: &mut &[u8], each: &mut impl FnMut(Record)) -> bool {
        use csv_core::ReadRecordResult as Step;
        let (step, read, text, ends) = self.core.read_record(bytes, &mut self.text[self.filled..], &mut self.ends[self.cells..]);
        *bytes = &bytes[read..];
        self.filled += text;
        self.cells += ends;
        match step {
            Step::InputEmpty => true,
            Step::OutputFull => {
                self.overflow = true;
                self.filled = 0;
                true
            }
            Step::OutputEndsFull => {
                self.overflow = true;
                self.cells = 0;
                true
            }
            Step::Record => {
                each(self.record());
                (self.filled, self.cells, self.overflow) = (0, 0, false);
                true
            }
            Step::End => false,
        }
    }

    fn record(&self) -> Record {
        if self.overflow {
            return Record::TooLong;
        }
        let Ok(text) = std::str::from_utf8(&self.text[..self.filled]) else { return Record::NotText };
        let mut start = 0;
        let mut cells = Vec::with_capacity(self.cells);
        for end in &self.ends[..self.cells] {
            // A cell that ends inside a character is not text by itself.
            let Some(cell) = text.get(start..*end) else { return Record::NotText };
            cells.push(cell.to_owned());
            start = *end;
        }
        Record::Cells(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], step: usize) -> Vec<Record> {
        let (mut records, mut found) = (Records::default(), Vec::new());
        for piece in bytes.chunks(step) {
            records.feed(piece, |record| found.push(record));
        }
        records.finish(|record| found.push(record));
        found
    }

    fn cells(cells: &[&str]) -> Record {
        Record::Cells(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn files_are_read_in_pieces_of_any_size() {
        let file = "\u{feff}\"email\",name\r\nada@example.org,\"Ada, \"\"A\"\"\"\n\nbo@example.org,Bo".as_bytes();
        let expected = [cells(&["email", "name"]), cells(&["ada@example.org", "Ada, \"A\""]), cells(&["bo@example.org", "Bo"])];
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(read(file, step), expected, "pieces of {step}");
        }
        assert_eq!(read(b"", 1), []);
        assert_eq!(read(b"a", 1), [cells(&["a"])]);
    }

    #[test]
    fn one_bad_record_does_not_harm_the_next() {
        let mut file = b"a,b\n".to_vec();
        file.extend(std::iter::repeat_n(b'x', RECORD * 3));
        file.extend_from_slice(b"\nc,d\n\xff,e\n");
        file.extend(std::iter::repeat_n(b',', CELLS * 2));
        file.extend_from_slice(b"\nf,g\n");
        let expected =
            [cells(&["a", "b"]), Record::TooLong, cells(&["c", "d"]), Record::NotText, Record::TooLong, cells(&["f", "g"])];
        assert_eq!(read(&file, 1000), expected);
    }

    #[test]
    fn formulas_are_disarmed() {
        let mut file = Vec::new();
        write_line(&mut file, ["=1+1", "+44", "-1", "@x", "\tx", "\rx", "plain", "a=b", "a,b"]);
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text, "'=1+1,'+44,'-1,'@x,\"'\tx\",\"'\rx\",plain,a=b,\"a,b\"\r\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(rows in prop::collection::vec(prop::collection::vec("[^\u{feff}]{0,12}", 2..5), 1..5)) {
            let mut file = Vec::new();
            for row in &rows {
                write_line(&mut file, row);
            }
            let found = read(&file, 5);
            prop_assert_eq!(found.len(), rows.len());
            for (record, row) in found.iter().zip(&rows) {
                let Record::Cells(cells) = record else { panic!() };
                for (cell, given) in cells.iter().zip(row) {
                    let formula = given.starts_with(['=', '+', '-', '@', '\t', '\r']);
                    let expected = if formula { format!("'{given}") } else { given.clone() };
                    prop_assert_eq!(cell, &expected);
                }
            }
        }
    }
}
