//! Takes away what the app would do on its way into a panic: nobody reads the words. It has no panic hook and a browser
//! has no standard error, so a panic ends in the same trap with or without them. Saves 2 % of the app by itself, and lets
//! `reach` find more that is of no use.

use crate::Failure;
use std::collections::HashSet;
use walrus::ir::{Instr, InstrSeqId, Unreachable};
use walrus::{FunctionId, FunctionKind, LocalFunction, Module};

/// Where every panic ends up, by a part of its name.
const PANIC: &str = "rust_begin_unwind";

/// Makes a trap of every panic in `module`, and of what leads to one and to nothing else. Answers with one of them.
pub fn cut(module: &mut Module) -> Result<FunctionId, Failure> {
    let panic = module.funcs.iter().find(|func| func.name.as_deref().is_some_and(|name| name.contains(PANIC)));
    let panic = panic.map(|func| func.id()).ok_or("the app has no panics, or calls them otherwise")?;
    let (_, func) = module.funcs.iter_local_mut().find(|(id, _)| *id == panic).ok_or("panics are not the app's own")?;
    let entry = func.entry_block();
    func.block_mut(entry).instrs = vec![(Instr::Unreachable(Unreachable {}), Default::default())];
    let mut traps = HashSet::from([panic]);
    loop {
        let heard = heard(module);
        for (_, func) in module.funcs.iter_local_mut() {
            for seq in sequences(func, func.entry_block()) {
                shorten(func, seq, &traps, &heard);
            }
        }
        let found: HashSet<_> = module.funcs.iter_local().filter(|(_, func)| is_trap(func)).map(|(id, _)| id).collect();
        if found.len() == traps.len() {
            return Ok(panic);
        }
        traps = found;
    }
}

fn is_trap(func: &LocalFunction) -> bool {
    matches!(func.block(func.entry_block()).first(), Some((Instr::Unreachable(_), _)))
}

/// Functions that somebody else may hear: those that call out of the app, by however many steps, or through a pointer.
fn heard(module: &Module) -> HashSet<FunctionId> {
    let imported = |func: &&walrus::Function| matches!(func.kind, FunctionKind::Import(_));
    let mut heard: HashSet<_> = module.funcs.iter().filter(imported).map(|func| func.id()).collect();
    loop {
        let before = heard.len();
        for (id, func) in module.funcs.iter_local() {
            let is_heard = |seq: &InstrSeqId| func.block(*seq).iter().any(|(instr, _)| calls(instr, &heard));
            if !heard.contains(&id) && sequences(func, func.entry_block()).iter().any(is_heard) {
                heard.insert(id);
            }
        }
        if heard.len() == before {
            return heard;
        }
    }
}

fn calls(instr: &Instr, heard: &HashSet<FunctionId>) -> bool {
    match instr {
        Instr::Call(call) => heard.contains(&call.func),
        Instr::CallIndirect(_) => true,
        _ => false,
    }
}

/// The sequence and those inside it.
pub fn sequences(func: &LocalFunction, outer: InstrSeqId) -> Vec<InstrSeqId> {
    let mut found = vec![outer];
    let mut next = 0;
    while let Some(seq) = found.get(next).copied() {
        next += 1;
        for (instr, _) in &func.block(seq).instrs {
            match instr {
                Instr::Block(block) => found.push(block.seq),
                Instr::Loop(block) => found.push(block.seq),
                Instr::IfElse(both) => found.extend([both.consequent, both.alternative]),
                _ => {}
            }
        }
    }
    found
}

/// Ends `seq` at its first trap, and leaves out what comes before that since it could last have gone elsewhere.
fn shorten(func: &mut LocalFunction, seq: InstrSeqId, traps: &HashSet<FunctionId>, heard: &HashSet<FunctionId>) {
    let is_end = |(instr, _): &(Instr, _)| match instr {
        Instr::Unreachable(_) => true,
        Instr::Call(call) => traps.contains(&call.func),
        Instr::Block(block) => matches!(func.block(block.seq).first(), Some((Instr::Unreachable(_), _))),
        _ => false,
    };
    let instrs = &func.block(seq).instrs;
    let Some(end) = instrs.iter().position(is_end) else { return };
    let is_needed = |(instr, _): &(Instr, _)| is_needed(func, instr, heard);
    let kept = instrs[..end].iter().rposition(is_needed).map_or(0, |last| last + 1);
    let instrs = &mut func.block_mut(seq).instrs;
    instrs.truncate(kept);
    instrs.push((Instr::Unreachable(Unreachable {}), Default::default()));
}

/// Whether `instr` may go elsewhere than to what follows it, or be heard.
fn is_needed(func: &LocalFunction, instr: &Instr, heard: &HashSet<FunctionId>) -> bool {
    let inner = match instr {
        Instr::Block(block) => sequences(func, block.seq),
        Instr::Loop(block) => sequences(func, block.seq),
        Instr::IfElse(both) => [sequences(func, both.consequent), sequences(func, both.alternative)].concat(),
        _ => return leaves(instr, &[]) || calls(instr, heard),
    };
    let needed = |(instr, _): &(Instr, _)| leaves(instr, &inner) || calls(instr, heard);
    inner.iter().any(|seq| func.block(*seq).iter().any(needed))
}

/// Whether `instr` may go to somewhere outside of the sequences `inner`.
fn leaves(instr: &Instr, inner: &[InstrSeqId]) -> bool {
    match instr {
        Instr::Br(to) => !inner.contains(&to.block),
        Instr::BrIf(to) => !inner.contains(&to.block),
        Instr::BrTable(to) => to.blocks.iter().chain([&to.default]).any(|block| !inner.contains(block)),
        Instr::Return(_) => true,
        _ => false,
    }
}
