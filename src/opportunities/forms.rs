//! Compiled questionnaires, shared between requests. A published version never changes, so a form is never stale.

use crate::{
    platform::{Error, Platform, Result, Violation, http::strict_json},
    questionnaires::Form,
};
use entity::{OrganisationId, QuestionnaireId, questionnaire};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many forms are kept; the one that was not used for longest goes first.
const MOST: usize = 256;
/// So much memory they may take together, roughly, in bytes.
const WEIGHT: usize = 64 << 20;

/// Forms by the organisation and the questionnaire they belong to. Cheap to clone; clones share one store.
#[derive(Clone, Default)]
pub struct Forms(Arc<Mutex<Kept>>);

type Key = (OrganisationId, QuestionnaireId);

#[derive(Default)]
struct Kept {
    /// Each with the turn at which it was last used.
    forms: HashMap<Key, (Arc<Form>, u64)>,
    turn: u64,
}

impl Kept {
    fn take(&mut self, key: Key) -> Option<Arc<Form>> {
        self.turn += 1;
        let (form, used) = self.forms.get_mut(&key)?;
        *used = self.turn;
        Some(form.clone())
    }

    fn put(&mut self, key: Key, form: Arc<Form>) {
        self.turn += 1;
        self.forms.insert(key, (form, self.turn));
        while self.forms.len() > 1 && (self.forms.len() > MOST || self.weight() > WEIGHT) {
            let oldest = self.forms.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            oldest.and_then(|oldest| self.forms.remove(&oldest));
        }
    }

    fn weight(&self) -> usize {
        self.forms.values().map(|(form, _)| form.weight()).sum()
    }
}

impl Forms {
    /// The form of a questionnaire of this organisation, compiled if it is not at hand.
    pub async fn form(&self, platform: &Platform, organisation: OrganisationId, id: QuestionnaireId) -> Result<Arc<Form>> {
        let key = (organisation, id);
        if let Some(form) = self.kept().take(key) {
            return Ok(form);
        }
        let row = questionnaire::Entity::find_by_id(key).one(platform.db.read()).await?;
        let row = row.ok_or(Error::NotFound("questionnaire"))?;
        let form = platform.cpu.run(move || compile(&strict_json(row.definition.as_bytes())?)).await?;
        // What was published compiled then: if it does not now, the room that reads forms has changed.
        let form = Arc::new(form.map_err(|error| Error::bug(format!("questionnaire {id} does not compile: {error}")))?);
        self.keep(organisation, id, form.clone());
        Ok(form)
    }

    /// The same, inside a transaction. A form that is not at hand is compiled on the spot: that happens once a version and process.
    pub async fn form_in(
        &self,
        connection: &impl ConnectionTrait,
        organisation: OrganisationId,
        id: QuestionnaireId,
    ) -> Result<Arc<Form>> {
        if let Some(form) = self.kept().take((organisation, id)) {
            return Ok(form);
        }
        let row = questionnaire::Entity::find_by_id((organisation, id)).one(connection).await?;
        let row = row.ok_or(Error::NotFound("questionnaire"))?;
        let form = compile(&strict_json(row.definition.as_bytes())?);
        let form = Arc::new(form.map_err(|error| Error::bug(format!("questionnaire {id} does not compile: {error}")))?);
        self.keep(organisation, id, form.clone());
        Ok(form)
    }

    /// Keeps a form that was compiled just now.
    pub fn keep(&self, organisation: OrganisationId, id: QuestionnaireId, form: Arc<Form>) {
        self.kept().put((organisation, id), form);
    }

    /// A panic while the lock was held leaves whole entries behind.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compiles a definition; everything that is wrong with it, each with its place.
pub fn compile(definition: &Value) -> Result<Form> {
    Form::compile(definition).map_err(|flaws| {
        Error::Invalid(flaws.into_iter().map(|flaw| Violation::new(flaw.pointer, flaw.code, flaw.detail)).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn the_form_unused_for_longest_makes_room() {
        let forms = Forms::default();
        let form = Arc::new(compile(&json!({"elements": [{"type": "text", "name": "a"}]})).unwrap());
        let organisation = OrganisationId(Uuid::from_u128(1));
        let id = |n: usize| QuestionnaireId(Uuid::from_u128(n as u128));
        for n in 0..MOST {
            forms.keep(organisation, id(n), form.clone());
        }
        assert!(forms.kept().take((organisation, id(0))).is_some());
        forms.keep(organisation, id(MOST), form);
        assert_eq!(forms.kept().forms.len(), MOST);
        assert!(forms.kept().take((organisation, id(0))).is_some());
        assert!(forms.kept().take((organisation, id(1))).is_none());
        assert!(forms.kept().take((OrganisationId(Uuid::from_u128(2)), id(0))).is_none());
    }

    #[test]
    fn heavy_forms_do_not_fill_the_memory() {
        let forms = Forms::default();
        let pattern = json!([{"type": "regex", "regex": "[a-z]{9000}"}]);
        let questions: Vec<Value> =
            (0..5).map(|n| json!({"type": "text", "name": format!("q{n}"), "validators": pattern})).collect();
        let form = Arc::new(compile(&json!({"elements": questions})).unwrap());
        assert!(form.weight() > 1 << 20, "{}", form.weight());
        let organisation = OrganisationId(Uuid::from_u128(1));
        for n in 0..MOST {
            forms.keep(organisation, QuestionnaireId(Uuid::from_u128(n as u128)), form.clone());
        }
        let kept = forms.kept();
        assert!(kept.weight() <= WEIGHT && kept.forms.len() > 1, "{} forms", kept.forms.len());
    }
}
