//! The staff of an organisation: invited by e-mail, each with a role.

use super::{
    Actor, STAFF_INVITATION, keys,
    organisations::{self, add_member, already_staff, make_account},
    sessions::{self, NewLink},
};
use crate::platform::{
    Error, Platform, Result, Tx, audit,
    http::etag,
    secret::Token,
    text::{Check, email_key},
};
use chrono::Duration;
use entity::{AccountLinkPurpose, MembershipId, Role, Time, account, account_link, membership, organisation};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, ModelTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

/// An invitation works for so long.
const INVITATION: Duration = Duration::days(14);

/// An address to which an invitation can go, as it is compared.
pub fn address(email: &str) -> Result<String> {
    email_key(email).ok_or_else(|| Error::invalid("/email", "address", "Use an e-mail address."))
}

/// Invites somebody to the staff, by e-mail. Inviting them again sends a new link.
pub async fn invite(tx: &Tx, platform: &Platform, actor: &Actor, email: &str, role: Role) -> Result<account_link::Model> {
    let key = address(email)?;
    let account = account::Entity::find().filter(account::Column::Email.eq(key.as_str())).one(tx).await?;
    if let Some(account) = &account {
        let already = membership::Entity::find()
            .filter(membership::Column::OrganisationId.eq(actor.organisation))
            .filter(membership::Column::AccountId.eq(account.id))
            .count(tx)
            .await?;
        if already > 0 {
            return Err(already_staff());
        }
    }
    // The newest invitation counts: an older one may have offered more.
    end_invitations(tx, platform, actor, &key).await?;
    let link = NewLink {
        purpose: AccountLinkPurpose::StaffInvitation,
        email: &key,
        account: account.map(|account| account.id),
        organisation: Some(actor.organisation),
        role: Some(role),
        lasts: INVITATION,
    };
    let (id, _) = sessions::make_link(tx, platform, link).await?;
    sessions::write_staff(tx, platform, Some(actor.organisation), STAFF_INVITATION, id, &key, INVITATION).await?;
    audit::record(tx, &platform.clock, actor.organisation, &actor.by, "invite_staff", &format!("account_link:{id}")).await?;
    account_link::Entity::find_by_id(id).one(tx).await?.ok_or_else(|| Error::bug("the link was not written"))
}

/// Ends the open invitations of an address to this organisation.
async fn end_invitations(tx: &Tx, platform: &Platform, actor: &Actor, email: &str) -> Result<()> {
    let here = account_link::Column::OrganisationId.eq(actor.organisation);
    let which = here.and(account_link::Column::Email.eq(email));
    sessions::end_links(tx, platform, AccountLinkPurpose::StaffInvitation, which).await
}

/// What an invitation offers, for whoever holds its link.
pub struct Offered {
    /// Where.
    pub organisation: organisation::Model,
    /// The invited address.
    pub email: String,
    /// Which role.
    pub role: Role,
    /// Whether the address has an account already: then its password is asked for.
    pub known: bool,
}

/// Reads an invitation that can be used now.
pub async fn offered(platform: &Platform, token: &str) -> Result<Offered> {
    let db = platform.db.read();
    let link = sessions::live_link(db, platform, token, AccountLinkPurpose::StaffInvitation).await?;
    let (Some(organisation), Some(role)) = (link.organisation_id, link.role) else {
        return Err(Error::bug("a staff invitation without an organisation"));
    };
    let known = account::Entity::find().filter(account::Column::Email.eq(link.email.as_str())).count(db).await? > 0;
    Ok(Offered { organisation: organisations::get(platform, organisation).await?, email: link.email, role, known })
}

/// Accepts an invitation. Somebody without an account chooses a name and a password; somebody with one signs in with it.
pub async fn accept(platform: &Platform, token: &str, name: &str, password: String) -> Result<(Token, Time)> {
    let preview = sessions::live_link(platform.db.read(), platform, token, AccountLinkPurpose::StaffInvitation).await?;
    let known = account::Entity::find().filter(account::Column::Email.eq(preview.email.as_str())).one(platform.db.read()).await?;
    let hash = match &known {
        Some(account) => {
            let verdict = super::password::verify(platform, password, account.password_hash.clone()).await?;
            if verdict == super::password::Verdict::Wrong {
                return Err(Error::invalid("/password", "wrong", "You have an account with this address. Use its password."));
            }
            None
        }
        None => {
            let mut check = Check::new();
            check.line("/name", name, 120);
            Some(sessions::checked_hash(platform, check, "/password", password, &preview.email, name).await?)
        }
    };
    let tx = platform.db.begin().await?;
    let link = sessions::use_link(&tx, platform, token, AccountLinkPurpose::StaffInvitation).await?;
    let (Some(organisation), Some(role)) = (link.organisation_id, link.role) else {
        return Err(Error::bug("a staff invitation without an organisation"));
    };
    let account = match known {
        Some(account) => account.id,
        None => make_account(&tx, platform, &link.email, name, hash).await?,
    };
    let already = membership::Entity::find()
        .filter(membership::Column::OrganisationId.eq(organisation))
        .filter(membership::Column::AccountId.eq(account))
        .count(&tx)
        .await?;
    if already == 0 {
        add_member(&tx, platform, organisation, account, role).await?;
    }
    let (session, until) = sessions::open(&tx, platform, account, "invitation").await?;
    audit::record(&tx, &platform.clock, organisation, &format!("account:{account}"), "join_staff", &format!("account:{account}"))
        .await?;
    tx.commit().await?;
    Ok((session, until))
}

/// The staff of an organisation, in the order in which they came.
pub async fn list(platform: &Platform, actor: &Actor) -> Result<Vec<(membership::Model, account::Model)>> {
    let members = membership::Entity::find()
        .filter(membership::Column::OrganisationId.eq(actor.organisation))
        .order_by_asc(membership::Column::Id)
        .limit(organisations::STAFF)
        .all(platform.db.read())
        .await?;
    let ids: Vec<_> = members.iter().map(|member| member.account_id).collect();
    let accounts = account::Entity::find().filter(account::Column::Id.is_in(ids)).all(platform.db.read()).await?;
    let pairs = members.into_iter().filter_map(|member| {
        let account = accounts.iter().find(|account| account.id == member.account_id)?.clone();
        Some((member, account))
    });
    Ok(pairs.collect())
}

/// Changes somebody's role. An organisation always keeps an administrator.
pub async fn change_role(
    platform: &Platform,
    actor: &Actor,
    id: MembershipId,
    if_match: Option<&str>,
    role: Role,
) -> Result<membership::Model> {
    let tx = platform.db.begin().await?;
    organisations::hold(&tx, actor.organisation).await?;
    let member = member(&tx, actor, id).await?;
    etag::expect(if_match, member.version)?;
    if member.role == Role::Administrator && role != Role::Administrator {
        keep_one_administrator(&tx, actor).await?;
    }
    if role != Role::Administrator {
        // Only administrators hold keys: a key may do more than the role that is left.
        keys::revoke_made_by(&tx, platform, actor, member.account_id).await?;
    }
    let version = member.version + 1;
    let mut row = member.into_active_model();
    row.role = Set(role);
    row.version = Set(version);
    let changed = row.update(&tx).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "change_role", &format!("membership:{id}")).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Ends somebody's work here, with the keys they have made and the invitations that would let them in again. Their account
/// stays theirs.
pub async fn remove(platform: &Platform, actor: &Actor, id: MembershipId) -> Result<()> {
    let tx = platform.db.begin().await?;
    organisations::hold(&tx, actor.organisation).await?;
    let member = member(&tx, actor, id).await?;
    if member.role == Role::Administrator {
        keep_one_administrator(&tx, actor).await?;
    }
    let account = account::Entity::find_by_id(member.account_id).one(&tx).await?;
    if let Some(account) = account {
        end_invitations(&tx, platform, actor, &account.email).await?;
    }
    let maker = member.account_id;
    member.delete(&tx).await?;
    keys::revoke_made_by(&tx, platform, actor, maker).await?;
    audit::record(&tx, &platform.clock, actor.organisation, &actor.by, "remove_staff", &format!("membership:{id}")).await?;
    tx.commit().await?;
    Ok(())
}

async fn member(tx: &Tx, actor: &Actor, id: MembershipId) -> Result<membership::Model> {
    membership::Entity::find_by_id((actor.organisation, id)).one(tx).await?.ok_or(Error::NotFound("member of staff"))
}

async fn keep_one_administrator(tx: &Tx, actor: &Actor) -> Result<()> {
    let administrators = membership::Entity::find()
        .filter(membership::Column::OrganisationId.eq(actor.organisation))
        .filter(membership::Column::Role.eq(Role::Administrator))
        .count(tx)
        .await?;
    if administrators <= 1 {
        return Err(Error::conflict(
            "last_administrator",
            "An organisation needs an administrator. Give the role to somebody else first.",
        ));
    }
    Ok(())
}
