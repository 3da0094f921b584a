//! A message's files: images as themselves with their room kept, all others as a row with name and size.

use super::body::tag;
use crate::embed::{say, say_with, size};
use leptos::prelude::*;
use shared::{File, FileKind, FileState};

pub fn files(files: &[File]) -> impl Iterator<Item = AnyView> + '_ {
    files.iter().map(|file| match (file.kind, file.state, &file.href) {
        (FileKind::Image, None, Some(href)) => image(file, href.clone()),
        _ => row(file),
    })
}

/// A press opens it apart.
fn image(file: &File, href: String) -> AnyView {
    let alt = say_with("image_alt", &[("name", file.name.clone().into())]);
    let (width, height, apart) = (file.width, file.height, href.clone());
    view! {
        <a class="pic" href=apart target="_blank" rel="noopener" data-file=file.id.as_str().to_owned()>
            {picture(href, width, height, alt)}
        </a>
    }
    .into_any()
}

pub fn picture(src: String, width: Option<u32>, height: Option<u32>, alt: String) -> AnyView {
    view! { <img src=src width=width height=height alt=alt loading="lazy" draggable="false"/> }.into_any()
}

/// What can be had is a link; what is not there says so in the place of its size.
fn row(file: &File) -> AnyView {
    let (_, ending) = file.name.rsplit_once('.').unwrap_or_default();
    let ending: String = ending.chars().take(4).collect();
    let about = match file.state {
        None => size(file.size),
        Some(FileState::Coming) => say("file_coming"),
        Some(FileState::Lost) => say("file_lost"),
    };
    let parts = vec![
        tag("b", "", vec![ending.into_any()]),
        tag("bdi", "", vec![file.name.clone().into_any()]),
        tag("small", "", vec![about.into_any()]),
    ];
    let id = file.id.as_str().to_owned();
    let Some(href) = file.href.clone() else {
        return view! { <span class="file" data-file=id>{parts}</span> }.into_any();
    };
    let label = say_with("file_get", &[("name", file.name.clone().into())]);
    view! { <a class="file" href=href target="_blank" rel="noopener noreferrer" aria-label=label data-file=id>{parts}</a> }.into_any()
}
