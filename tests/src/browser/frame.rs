//! A document in a tab: the site's own page, or a frame in it.

use super::{Spot, Tab};
use crate::wait::{until, until_eq};
use chromiumoxide::cdp::{
    browser_protocol::{
        accessibility::{AxNode, AxValue, GetFullAxTreeParams},
        page::{CreateIsolatedWorldParams, FrameId, FrameTree, GetFrameTreeParams},
    },
    js_protocol::runtime::{EvaluateParams, ExecutionContextId},
};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// Which document.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Host,
    /// The first frame whose address contains this.
    Framed(&'static str),
}

/// A document, found anew at each use: it may have been loaded again since.
#[derive(Clone)]
pub struct Frame {
    pub(super) tab: Tab,
    pub(super) place: Place,
}

impl Frame {
    /// Whether the document is there now.
    pub async fn is_there(&self) -> bool {
        self.id().await.is_some()
    }

    /// The thing with this role and exactly this name, once it is there.
    pub async fn find(&self, role: &str, name: &str) -> Spot {
        until(&format!("a {role} named {name:?} in {:?}", self.place), || self.find_now(role, name)).await
    }

    /// The thing with this role and exactly this name, if it is there now.
    pub async fn find_now(&self, role: &str, name: &str) -> Option<Spot> {
        let is_it = |node: &AxNode| text(node.role.as_ref()) == role && text(node.name.as_ref()) == name;
        let node = self.tree().await?.into_iter().find(|node| !node.ignored && is_it(node))?;
        Some(Spot { tab: self.tab.clone(), id: node.backend_dom_node_id? })
    }

    /// Waits until nothing has this role and name.
    pub async fn until_gone(&self, role: &str, name: &str) {
        let gone = || async { self.find_now(role, name).await.is_none().then_some(()) };
        until(&format!("no {role} named {name:?}"), gone).await;
    }

    /// Role and name of everything a screen reader finds, in order; what has no name is left out.
    pub async fn outline(&self) -> Vec<(String, String)> {
        let nodes = self.tree().await.unwrap_or_default().into_iter().filter(|node| !node.ignored);
        let told = nodes.map(|node| (text(node.role.as_ref()), text(node.name.as_ref())));
        told.filter(|(_, name)| !name.is_empty()).collect()
    }

    /// What `script` (an expression, or a promise of a value) is worth. It sees the document, not the page's own names.
    pub async fn eval<T: DeserializeOwned>(&self, script: &str) -> T {
        let value = until(&format!("{:?}, to ask {script}", self.place), || self.try_eval(script)).await;
        serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{script} says {value} ({e})"))
    }

    /// As `eval`, among the page's own scripts: there `otklik` is.
    pub async fn eval_in_page<T: DeserializeOwned>(&self, script: &str) -> T {
        let value = self.run(script, None).await.expect("the page answers");
        serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{script} says {value} ({e})"))
    }

    /// Waits until `script` is true.
    pub async fn until(&self, script: &str) {
        let met = || async { (self.try_eval(script).await? == true).then_some(()) };
        until(script, met).await;
    }

    /// Waits until `script` is worth `expected`.
    pub async fn until_eq<T: DeserializeOwned + Debug + PartialEq<E>, E: Debug>(&self, script: &str, expected: E) {
        let ask = || async { serde_json::from_value::<T>(self.try_eval(script).await?).ok() };
        until_eq(expected, ask).await;
    }

    async fn try_eval(&self, script: &str) -> Option<serde_json::Value> {
        let mut world = CreateIsolatedWorldParams::new(self.id().await?);
        world.world_name = Some("test".to_owned());
        let context = self.tab.page.execute(world).await.ok()?.execution_context_id;
        self.run(script, Some(context)).await
    }

    /// None when the document went away meanwhile.
    async fn run(&self, script: &str, context: Option<ExecutionContextId>) -> Option<serde_json::Value> {
        let mut params = EvaluateParams::new(script);
        params.context_id = context;
        params.await_promise = Some(true);
        params.return_by_value = Some(true);
        params.user_gesture = Some(true);
        let answer = self.tab.page.execute(params).await.ok()?.result;
        if let Some(thrown) = answer.exception_details {
            panic!("{script} throws {:?}", thrown.exception.and_then(|thrown| thrown.description));
        }
        Some(answer.result.value.unwrap_or_default())
    }

    async fn tree(&self) -> Option<Vec<AxNode>> {
        let params = GetFullAxTreeParams { depth: None, frame_id: Some(self.id().await?) };
        Some(self.tab.page.execute(params).await.ok()?.result.nodes)
    }

    async fn id(&self) -> Option<FrameId> {
        let tree = self.tab.page.execute(GetFrameTreeParams::default()).await.ok()?.result.frame_tree;
        match self.place {
            Place::Host => Some(tree.frame.id),
            Place::Framed(part) => framed(&tree, part),
        }
    }
}

fn framed(tree: &FrameTree, part: &str) -> Option<FrameId> {
    let children = tree.child_frames.as_deref().unwrap_or_default();
    children.iter().find_map(|child| {
        if child.frame.url.contains(part) { Some(child.frame.id.clone()) } else { framed(child, part) }
    })
}

fn text(value: Option<&AxValue>) -> String {
    let value = value.and_then(|value| value.value.as_ref());
    value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}
