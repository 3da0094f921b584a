//! What points to what in the app, as the linker tells it (`--emit-relocs`): which instruction and which piece of data
//! holds the address of which function or of which other piece. Format: the tool conventions' `Linking.md`, version 2.

use crate::Failure;
use std::collections::{BTreeMap, HashMap};

/// The app's relocations are read off its custom sections, which are of no use afterwards.
pub const SECTIONS: [&str; 6] =
    ["linking", "reloc.CODE", "reloc.DATA", "reloc..debug_info", "reloc..debug_ranges", "reloc..debug_line"];

/// Kinds of relocations: in the instruction set a function by its number, in its table, and an address in memory.
const TABLE_INDEX: [u8; 2] = [1, 2];
const ADDRESS: [u8; 3] = [3, 4, 5];
/// Kinds that have an addend: addresses, and offsets in functions and sections.
const ADDED: [u8; 6] = [3, 4, 5, 8, 9, 11];

/// What is pointed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A function, by its number in the linked file.
    Function(u32),
    /// A piece of data, by its place in `pieces`.
    Piece(usize),
}

/// A named piece of data: where it lies, and what it points to.
pub struct Piece {
    pub segment: usize,
    pub start: usize,
    pub end: usize,
    pub points: Vec<Target>,
}

pub struct Relocations {
    /// By the place in the file of the operand that is the pointer.
    pub code: HashMap<u32, Target>,
    pub pieces: Vec<Piece>,
}

impl Relocations {
    /// Reads those of a linked file.
    pub fn read(wasm: &[u8]) -> Result<Self, Failure> {
        let file = Sections::of(wasm)?;
        let (symbols, mut pieces) = symbols(file.custom("linking")?)?;
        let (code, data) = (file.standard(10)?, file.standard(11)?);
        let mut points = HashMap::new();
        for (place, target) in relocations(file.custom("reloc.CODE")?, &symbols)? {
            points.insert(u32::try_from(code.start)? + place, target);
        }
        let segments = segments(wasm, data.clone())?;
        for (place, target) in relocations(file.custom("reloc.DATA")?, &symbols)? {
            let place = data.start + place as usize;
            let (segment, begin) = segments
                .range(..=place)
                .next_back()
                .map(|(begin, segment)| (*segment, *begin))
                .ok_or("a pointer outside of the data")?;
            let holds =
                |piece: &&mut Piece| piece.segment == segment && (piece.start..piece.end).contains(&(place - begin));
            pieces.iter_mut().filter(holds).for_each(|piece| piece.points.push(target));
        }
        Ok(Self { code: points, pieces })
    }
}

/// The sections of a file.
struct Sections<'a> {
    wasm: &'a [u8],
    standard: HashMap<u8, std::ops::Range<usize>>,
    custom: HashMap<String, std::ops::Range<usize>>,
}

impl<'a> Sections<'a> {
    fn of(wasm: &'a [u8]) -> Result<Self, Failure> {
        let (mut standard, mut custom) = (HashMap::new(), HashMap::new());
        let mut reader = Reader { wasm, at: 8, end: wasm.len() };
        while reader.at < wasm.len() {
            let (id, size) = (reader.byte()?, reader.number()? as usize);
            let mut inner = Reader { wasm, at: reader.at, end: reader.at + size };
            if id == 0 {
                let name = inner.name()?;
                custom.insert(name, inner.at..inner.end);
            } else {
                standard.insert(id, inner.at..inner.end);
            }
            reader.at += size;
        }
        Ok(Self { wasm, standard, custom })
    }

    fn standard(&self, id: u8) -> Result<std::ops::Range<usize>, Failure> {
        self.standard.get(&id).cloned().ok_or_else(|| format!("the app has no section {id}").into())
    }

    fn custom(&self, name: &str) -> Result<Reader<'a>, Failure> {
        let range = self.custom.get(name).ok_or_else(|| format!("the linker told nothing in {name}"))?;
        Ok(Reader { wasm: self.wasm, at: range.start, end: range.end })
    }
}

/// The symbols by number, each with what it names, and the pieces of data among them.
fn symbols(mut reader: Reader<'_>) -> Result<(Vec<Option<Target>>, Vec<Piece>), Failure> {
    const TABLE: u8 = 8;
    const UNDEFINED: u32 = 0x10;
    const NAMED: u32 = 0x40;
    let (mut symbols, mut pieces) = (Vec::new(), Vec::new());
    if reader.number()? != 2 {
        return Err("the linker tells its symbols otherwise than in version 2".into());
    }
    while reader.at < reader.end {
        let (kind, size) = (reader.byte()?, reader.number()? as usize);
        let next = reader.at + size;
        let count = if kind == TABLE { reader.number()? } else { 0 };
        for _ in 0..count {
            let (kind, flags) = (reader.byte()?, reader.number()?);
            symbols.push(match kind {
                1 => {
                    reader.name()?;
                    if flags & UNDEFINED == 0 {
                        let (segment, start) = (reader.number()? as usize, reader.number()? as usize);
                        let end = start + reader.number()? as usize;
                        pieces.push(Piece { segment, start, end, points: Vec::new() });
                        Some(Target::Piece(pieces.len() - 1))
                    } else {
                        None
                    }
                }
                3 => {
                    reader.number()?;
                    None
                }
                _ => {
                    let number = reader.number()?;
                    if flags & UNDEFINED == 0 || flags & NAMED != 0 {
                        reader.name()?;
                    }
                    (kind == 0).then_some(Target::Function(number))
                }
            });
        }
        reader.at = next;
    }
    Ok((symbols, pieces))
}

/// The pointers of a section: where, counted from its beginning, and to what.
fn relocations(mut reader: Reader<'_>, symbols: &[Option<Target>]) -> Result<Vec<(u32, Target)>, Failure> {
    let mut found = Vec::new();
    reader.number()?; // of which section
    for _ in 0..reader.number()? {
        let (kind, place, symbol) = (reader.byte()?, reader.number()?, reader.number()? as usize);
        if ADDED.contains(&kind) {
            reader.number()?;
        }
        if TABLE_INDEX.contains(&kind) || ADDRESS.contains(&kind) {
            let target = symbols.get(symbol).copied().flatten().ok_or("a pointer to nothing that is known")?;
            found.push((place, target));
        }
    }
    Ok(found)
}

/// Where in the file the bytes of each segment of the data begin, and its number.
fn segments(wasm: &[u8], section: std::ops::Range<usize>) -> Result<BTreeMap<usize, usize>, Failure> {
    let mut reader = Reader { wasm, at: section.start, end: section.end };
    let mut begins = BTreeMap::new();
    for number in 0..reader.number()? as usize {
        if reader.number()? != 0 || reader.byte()? != 0x41 {
            return Err("a segment of the data does not lie at a constant address".into());
        }
        reader.number()?;
        reader.byte()?; // the end of the address
        let size = reader.number()? as usize;
        begins.insert(reader.at, number);
        reader.at += size;
    }
    Ok(begins)
}

struct Reader<'a> {
    wasm: &'a [u8],
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Failure> {
        let byte = self.wasm.get(self.at..self.end).and_then(|rest| rest.first()).ok_or("the app ends too early")?;
        self.at += 1;
        Ok(*byte)
    }

    /// A number in LEB128, signed ones as their bits.
    fn number(&mut self) -> Result<u32, Failure> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 {
                return Ok((number & u64::from(u32::MAX)) as u32);
            }
            if shift > 63 {
                return Err("a number without an end".into());
            }
        }
    }

    fn name(&mut self) -> Result<String, Failure> {
        let size = self.number()? as usize;
        let bytes = self.wasm.get(self.at..self.at + size).ok_or("a name ends too early")?;
        self.at += size;
        Ok(String::from_utf8(bytes.to_vec())?)
    }
}
