//! Sign-ins that have begun and not been asked for yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::api_keys;
use crate::project::Project;

/// Sign-ins that may be open at once; the oldest is forgotten for a new one.
const OPEN: usize = 64;

/// Sign-ins that have begun, and the key they lead to.
#[derive(Default)]
pub(in crate::server) struct SignIns {
    /// The first key with its project, on a gateway that only its own machine can reach.
    offered: Option<(String, Arc<Project>)>,
    open: Mutex<VecDeque<String>>,
}

impl SignIns {
    /// Makes this the key that sign-ins lead to, if it is the first one and may be handed out.
    pub(in crate::server) fn offer(&mut self, key: &str, project: &Arc<Project>) {
        if self.offered.is_none() && project.settings().loopback {
            self.offered = Some((key.to_owned(), Arc::clone(project)));
        }
    }

    /// Begins one, and answers the project it leads to and the secret to ask for it by.
    pub(super) fn begin(&self) -> Option<(&Arc<Project>, String)> {
        let (_, project) = self.offered.as_ref()?;
        let token = api_keys::new_secret();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.truncate(OPEN - 1);
        open.push_front(token.clone());
        Some((project, token))
    }

    /// What a sign-in leads to.
    pub(super) fn confirmed(&self, token: &str) -> Option<&(String, Arc<Project>)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.offered
            .as_ref()
            .filter(|_| open.iter().any(|known| known == token))
    }
}
