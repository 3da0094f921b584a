//! Makes a script smaller with oxc's minifier, which also refuses one that does not parse.

use crate::Failure;
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// How the browser reads a script.
#[derive(Clone, Copy)]
pub enum Kind {
    /// `import` and `export`; names at its top are its own.
    Module,
    /// Names at its top are the page's, so they keep their names.
    Classic,
}

/// The same script, shorter. A name that the script does not declare is left as it is, so a place to be filled in later
/// can be written as such a name.
pub fn minify(source: &str, kind: Kind) -> Result<String, Failure> {
    let allocator = Allocator::default();
    let source_type = match kind {
        Kind::Module => SourceType::mjs(),
        Kind::Classic => SourceType::script(),
    };
    let parsed = Parser::new(&allocator, source, source_type).parse();
    if let Some(fault) = parsed.diagnostics.first() {
        return Err(format!("not a script: {fault}").into());
    }
    let mut program = parsed.program;
    let options = MinifierOptions {
        mangle: Some(MangleOptions::default()),
        mangle_properties: None,
        compress: Some(CompressOptions::smallest()),
    };
    let minified = Minifier::new(options).minify(&allocator, &mut program);
    Ok(Codegen::new().with_options(CodegenOptions::minify()).with_scoping(minified.scoping).build(&program).code)
}
