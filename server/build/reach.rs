//! Leaves out of the app what nothing that is used points to: functions that stand in the table of pointers for code that is
//! gone, and their data. walrus keeps every function of the table, for it cannot tell pointers from numbers; the linker
//! can (`relocations`). Saves 9 % of the app.

use crate::Failure;
use crate::relocations::{Relocations, Target};
use std::collections::HashSet;
use walrus::ir::{Instr, InstrLocId, Value};
use walrus::{DataId, ElementItems, ExportItem, FunctionId, FunctionKind, Module};

/// The app as the linker made it: what its numbers mean once it is parsed.
pub struct Linked {
    relocations: Relocations,
    functions: Vec<FunctionId>,
    segments: Vec<DataId>,
}

impl Linked {
    /// `wasm` is what `module` was parsed from, just now.
    pub fn of(wasm: &[u8], module: &Module) -> Result<Self, Failure> {
        Ok(Self {
            relocations: Relocations::read(wasm)?,
            functions: module.funcs.iter().map(|func| func.id()).collect(),
            segments: module.data.iter().map(|data| data.id()).collect(),
        })
    }

    /// Puts `filler` in the table in the place of each function that nothing leads to from the exports, and zeros in the
    /// place of such data, which weigh nothing.
    pub fn drop_unreached(&self, module: &mut Module, filler: FunctionId) -> Result<(), Failure> {
        let reached = self.reached(module)?;
        for element in module.elements.iter_mut() {
            let ElementItems::Functions(functions) = &mut element.items else { continue };
            for function in functions.iter_mut().filter(|function| !reached.functions.contains(*function)) {
                *function = filler;
            }
        }
        for (number, id) in self.segments.iter().enumerate() {
            let data = &mut module.data.get_mut(*id).value;
            let mut used = vec![false; data.len()];
            let pieces = reached.pieces.iter().map(|piece| &self.relocations.pieces[*piece]);
            for piece in pieces.filter(|piece| piece.segment == number) {
                used[piece.start..piece.end].fill(true);
            }
            // What no symbol names may be anything.
            for piece in self.relocations.pieces.iter().filter(|piece| piece.segment == number) {
                let places = piece.start..piece.end;
                let bytes = data[places.clone()].iter_mut().zip(&used[places]);
                bytes.filter(|(_, used)| !**used).for_each(|(byte, _)| *byte = 0);
            }
        }
        Ok(())
    }

    fn reached(&self, module: &Module) -> Result<Reached, Failure> {
        let mut reached = Reached::default();
        let exported = module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(function),
            _ => None,
        });
        let mut waiting: Vec<_> = exported.chain(module.start).collect();
        while let Some(function) = waiting.pop() {
            if reached.functions.insert(function) {
                self.look_into(module, function, &mut reached, &mut waiting)?;
            }
        }
        Ok(reached)
    }

    /// What one function calls and points to.
    fn look_into(
        &self,
        module: &Module,
        function: FunctionId,
        reached: &mut Reached,
        waiting: &mut Vec<FunctionId>,
    ) -> Result<(), Failure> {
        let FunctionKind::Local(local) = &module.funcs.get(function).kind else { return Ok(()) };
        for seq in crate::traps::sequences(local, local.entry_block()) {
            for (instr, at) in &local.block(seq).instrs {
                match instr {
                    Instr::Call(call) => waiting.push(call.func),
                    Instr::RefFunc(of) => waiting.push(of.func),
                    _ => {}
                }
                if let Some(target) = self.pointer(instr, *at) {
                    self.follow(target, reached, waiting)?;
                }
            }
        }
        Ok(())
    }

    /// What the operand of `instr`, which stood there in the linked file, points to.
    fn pointer(&self, instr: &Instr, at: InstrLocId) -> Option<Target> {
        if at.is_default() {
            return None;
        }
        let operand = match instr {
            Instr::Const(constant) if matches!(constant.value, Value::I32(_)) => 1,
            Instr::Load(_) | Instr::Store(_) => 2, // behind the alignment
            _ => return None,
        };
        self.relocations.code.get(&(at.data() + operand)).copied()
    }

    fn follow(&self, target: Target, reached: &mut Reached, waiting: &mut Vec<FunctionId>) -> Result<(), Failure> {
        let mut targets = vec![target];
        while let Some(target) = targets.pop() {
            match target {
                Target::Function(number) => {
                    waiting.push(*self.functions.get(number as usize).ok_or("a pointer to no function")?);
                }
                Target::Piece(piece) if reached.pieces.insert(piece) => {
                    targets.extend(&self.relocations.pieces[piece].points);
                }
                Target::Piece(_) => {}
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Reached {
    functions: HashSet<FunctionId>,
    pieces: HashSet<usize>,
}
