//! One thing on a page, found by role and name: pressed, typed into, asked.

use super::Tab;
use chromiumoxide::cdp::{
    browser_protocol::{
        dom::{BackendNodeId, FocusParams, GetContentQuadsParams, ResolveNodeParams, ScrollIntoViewIfNeededParams},
        input::{DispatchMouseEventParams, DispatchMouseEventType, DispatchTouchEventReturns, MouseButton},
    },
    js_protocol::runtime::CallFunctionOnParams,
};
use chromiumoxide::{Command, Method};
use serde::{Serialize, de::DeserializeOwned};
use std::borrow::Cow;

/// A thing on a page.
pub struct Spot {
    pub(super) tab: Tab,
    pub(super) id: BackendNodeId,
}

impl Spot {
    /// Presses it as a person does: with the mouse, or with a finger on a phone.
    pub async fn press(&self) {
        let (x, y) = self.middle().await;
        if self.tab.window.is_phone {
            for touch in [Touch::start(x, y), Touch::end()] {
                self.tab.page.execute(touch).await.expect("a finger taps");
            }
            return;
        }
        self.hover().await;
        for kind in [DispatchMouseEventType::MousePressed, DispatchMouseEventType::MouseReleased] {
            let mut event = DispatchMouseEventParams::new(kind, x, y);
            event.button = Some(MouseButton::Left);
            event.click_count = Some(1);
            self.tab.page.execute(event).await.expect("the mouse is pressed");
        }
    }

    /// Moves the mouse over it.
    pub async fn hover(&self) {
        let (x, y) = self.middle().await;
        let event = DispatchMouseEventParams::new(DispatchMouseEventType::MouseMoved, x, y);
        self.tab.page.execute(event).await.expect("the mouse moves");
    }

    /// Gives it the keys.
    pub async fn focus(&self) {
        let params = FocusParams { backend_node_id: Some(self.id), ..Default::default() };
        self.tab.page.execute(params).await.expect("it takes the focus");
    }

    /// Types into it.
    pub async fn type_text(&self, text: &str) {
        self.focus().await;
        self.tab.type_text(text).await;
    }

    /// What a function of it says: `function() { return this.value }`.
    pub async fn ask<T: DeserializeOwned>(&self, function: &str) -> T {
        let params = ResolveNodeParams { backend_node_id: Some(self.id), ..Default::default() };
        let object = self.tab.page.execute(params).await.expect("it is still there").result.object;
        let mut call = CallFunctionOnParams::new(function);
        call.object_id = object.object_id;
        call.return_by_value = Some(true);
        let answer = self.tab.page.execute(call).await.expect("it answers").result;
        serde_json::from_value(answer.result.value.unwrap_or_default()).expect("it says what is asked for")
    }

    /// The text in a field.
    pub async fn value(&self) -> String {
        self.ask("function() { return this.value }").await
    }

    async fn middle(&self) -> (f64, f64) {
        let scroll = ScrollIntoViewIfNeededParams { backend_node_id: Some(self.id), ..Default::default() };
        self.tab.page.execute(scroll).await.expect("it can be scrolled to");
        let params = GetContentQuadsParams { backend_node_id: Some(self.id), ..Default::default() };
        let quads = self.tab.page.execute(params).await.expect("it has a place").result.quads;
        let corners = quads.first().expect("it is shown").inner().clone();
        let middle = |of: usize| corners.iter().skip(of).step_by(2).sum::<f64>() / 4.0;
        (middle(0), middle(1))
    }
}

/// `Input.dispatchTouchEvent`. The generated type leaves an empty list of points out, which the end of a touch needs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Touch {
    r#type: &'static str,
    touch_points: Vec<Point>,
}

#[derive(Clone, Debug, Serialize)]
struct Point {
    x: f64,
    y: f64,
}

impl Touch {
    fn start(x: f64, y: f64) -> Self {
        Self { r#type: "touchStart", touch_points: vec![Point { x, y }] }
    }

    fn end() -> Self {
        Self { r#type: "touchEnd", touch_points: Vec::new() }
    }
}

impl Method for Touch {
    fn identifier(&self) -> Cow<'static, str> {
        "Input.dispatchTouchEvent".into()
    }
}

impl Command for Touch {
    type Response = DispatchTouchEventReturns;
}
