//! The portals' tokens in the store, for the client that calls them.

use crate::bitrix::client::{Access, TokenKeeper};
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::error::KeeperError;
use crate::bitrix::oauth::Grant;
use crate::clock::{Clock, millis};
use crate::ids::PortalHost;
use crate::store::{NewPair, Store, Tokens};
use crate::telemetry::chain;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

pub struct Keeper {
    pub store: Store,
    pub clock: Clock,
}

impl TokenKeeper for Keeper {
    fn read<'a>(&'a self, portal: &'a PortalHost) -> BoxFuture<'a, Result<Option<Access>, KeeperError>> {
        Box::pin(async move {
            let record = self.store.portal(portal).await.map_err(keeper_error)?;
            Ok(record.map(|record| Access {
                endpoint: record.client_endpoint,
                access: record.tokens.access,
                refresh: record.tokens.refresh,
                expires_at: record.tokens.expires_at,
            }))
        })
    }

    fn prepare<'a>(&'a self, portal: &'a PortalHost) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move { self.store.make_room(portal).await.map_err(keeper_error) })
    }

    fn keep<'a>(
        &'a self,
        portal: &'a PortalHost,
        used: &'a SecretString,
        grant: &'a Grant,
    ) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move {
            let tokens = Tokens {
                access: grant.access.clone(),
                refresh: grant.refresh.clone(),
                expires_at: self.clock.now() + millis(grant.expires_in),
            };
            let (used, endpoint) = (used.clone(), grant.client_endpoint.clone().map(|endpoint| endpoint.url));
            let pair = NewPair::Renewed { used: used.clone(), tokens: tokens.clone(), endpoint: endpoint.clone() };
            if let Err(error) = self.store.hold_pair(portal, pair).await {
                tracing::error!(portal = %portal, error = chain(&error), "new tokens are in the store or nowhere");
            }
            let kept = self.store.change_portal(portal, move |record| {
                if record.tokens.refresh.expose_secret() == used.expose_secret() {
                    record.tokens = tokens;
                    if let Some(endpoint) = endpoint {
                        record.client_endpoint = endpoint; // the OAuth server knows a renamed portal's new address
                    }
                }
            });
            kept.await.map_err(keeper_error)?;
            self.store.release_pair(portal).await;
            Ok(())
        })
    }

    fn moved<'a>(
        &'a self,
        portal: &'a PortalHost,
        before: &'a str,
        now: Endpoint,
    ) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move {
            let before = before.to_owned();
            let kept = self.store.change_portal(portal, move |record| {
                if record.client_endpoint == before {
                    record.client_endpoint = now.url;
                }
            });
            kept.await.map_err(keeper_error)
        })
    }
}

fn keeper_error(error: crate::store::StoreError) -> KeeperError {
    Arc::new(error)
}
