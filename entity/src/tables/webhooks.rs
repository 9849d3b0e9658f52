//! Tables of the room `webhooks`.

use crate::{Time, documents::*, ids::*, words::*};
use sea_orm::entity::prelude::*;

/// An address at which another system hears of news. Its secrets are derived, not stored.
pub mod webhook {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: WebhookId,
        #[sea_orm(column_type = "Text")]
        pub url: String,
        #[sea_orm(column_type = "Text")]
        pub description: String,
        pub events: WebhookEvents,
        pub state: WebhookState,
        pub off_reason: Option<WebhookOffReason>,
        /// Number of the secret that signs.
        pub secret_n: i32,
        /// The secret before it signs as well until this time.
        pub old_secret_until: Option<Time>,
        /// The first of the failures since the last success.
        pub failing_since: Option<Time>,
        /// Which worker's turn it is.
        pub lease_token: i64,
        pub lease_until: Option<Time>,
        #[sea_orm(column_type = "Text")]
        pub created_by: String,
        pub version: i32,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that other systems are told: ids alone.
pub mod webhook_event {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: WebhookEventId,
        pub kind: WebhookEventKind,
        #[sea_orm(column_type = "JsonBinary")]
        pub about: Json,
        /// News of this name is told once.
        #[sea_orm(column_type = "Text")]
        pub once: String,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One event on its way to one address.
pub mod webhook_delivery {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub organisation_id: OrganisationId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: WebhookDeliveryId,
        pub webhook_id: WebhookId,
        pub event_id: WebhookEventId,
        pub state: WebhookDeliveryState,
        pub attempts: i32,
        pub next_at: Time,
        pub last_at: Option<Time>,
        /// The HTTP status of the last answer.
        pub last_status: Option<i32>,
        pub last_problem: Option<WebhookProblem>,
        pub created_at: Time,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
