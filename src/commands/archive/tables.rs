//! Every table, in an order in which no row points to one that is still to come, with whose its rows are.

use super::{Head, values::Kind};
use sea_orm::{
    ColumnTrait, EntityTrait, Iden, Iterable, PrimaryKeyToColumn,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};
use uuid::Uuid;

/// Whose the rows of a table are, for a move of one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The organisation's own row.
    Itself,
    /// Rows that name the organisation.
    Organisation,
    /// The people who work for it.
    Members,
    /// What happened to its letters.
    Letters,
    /// They stay where they are: what an installation is, who is signed in there, keys of other systems and
    /// webhooks, whose secrets hang on the key, jobs of nobody.
    Stays,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// The columns of its key.
    pub key: Vec<String>,
    /// Whose its rows are.
    pub of: Of,
}

impl Table {
    fn new<E: EntityTrait>(of: Of) -> Self {
        let columns = E::Column::iter()
            .filter_map(|column| Some(Column { name: column.to_string(), kind: Kind::of(column.def().get_column_type())? }));
        Self {
            name: E::default().table_name().to_owned(),
            columns: columns.collect(),
            key: E::PrimaryKey::iter().map(|key| key.into_column().to_string()).collect(),
            of,
        }
    }

    /// Its head in a file.
    pub fn head(&self) -> Head {
        let columns = self.columns.iter().map(|column| (column.name.clone(), column.kind));
        Head { name: self.name.clone(), columns: columns.collect() }
    }

    /// All of its rows, in the order of its key.
    pub fn select(&self) -> SelectStatement {
        let mut select = Query::select();
        select.columns(self.columns.iter().map(|column| Alias::new(&column.name))).from(Alias::new(&self.name));
        for key in &self.key {
            select.order_by(Alias::new(key), sea_orm::Order::Asc);
        }
        select
    }

    /// Which of its rows go with an organisation; `None` if none does.
    pub fn belongs(&self, organisation: Uuid) -> Option<SimpleExpr> {
        let of = |column: &str| Expr::col(Alias::new(column));
        let inside = |column: &str, table: &str| {
            let mut select = Query::select();
            select.column(Alias::new(column)).from(Alias::new(table));
            select.and_where(of("organisation_id").eq(organisation));
            select
        };
        match self.of {
            Of::Itself => Some(of("id").eq(organisation)),
            Of::Organisation => Some(of("organisation_id").eq(organisation)),
            Of::Members => Some(of("id").in_subquery(inside("account_id", "membership"))),
            Of::Letters => Some(of("message_id").in_subquery(inside("id", "mail_message"))),
            Of::Stays => None,
        }
    }
}

macro_rules! tables {
    ($($name:ident $of:ident,)*) => {
        /// Every table. A new one stands behind those that it points to.
        pub fn tables() -> Vec<Table> {
            vec![$(Table::new::<entity::$name::Entity>(Of::$of)),*]
        }
    };
}

tables! {
    installation Stays,
    organisation Itself,
    account Members,
    account_session Stays,
    account_link Organisation,
    membership Organisation,
    api_key Stays,
    idempotency Stays,
    job Organisation,
    audit_head Organisation,
    audit_entry Organisation,
    mail_batch Organisation,
    mail_message Organisation,
    mail_event Letters,
    mail_hold Stays,
    mail_inbound Stays,
    mail_route Stays,
    suppression Organisation,
    topic Organisation,
    participant Organisation,
    participant_link Organisation,
    participant_session Stays,
    preference Organisation,
    trial Organisation,
    digest Organisation,
    digest_item Organisation,
    demographic Organisation,
    import_run Organisation,
    import_line Organisation,
    notice Organisation,
    notice_shown Organisation,
    consent_event Organisation,
    consent_standing Organisation,
    project Organisation,
    stage Organisation,
    decision Organisation,
    opportunity Organisation,
    opportunity_topic Organisation,
    opportunity_decision Organisation,
    questionnaire Organisation,
    selection Organisation,
    task Organisation,
    ending Organisation,
    seal Organisation,
    match_count Organisation,
    application Organisation,
    asking_plan Organisation,
    match_run Organisation,
    match_result Organisation,
    invitation Organisation,
    invitation_link Organisation,
    letter_words Organisation,
    silence Organisation,
    part Organisation,
    response_draft Organisation,
    response Organisation,
    place Organisation,
    meeting Organisation,
    meeting_revision Organisation,
    attendance Organisation,
    notes_agreement Organisation,
    contribution Organisation,
    mail_reply Organisation,
    theme Organisation,
    theme_source Organisation,
    recommendation Organisation,
    influence Organisation,
    influence_answer Organisation,
    report Organisation,
    report_release Organisation,
    loop_rating Organisation,
    look Organisation,
    reading Organisation,
    webhook Stays,
    webhook_event Stays,
    webhook_delivery Stays,
}
