//! What a wish of its own may be about: a topic, a kind of activity, a stage of the work.

use entity::{ActivityType, PreferenceDoc, Stage, Stance, TopicId};

/// What a wish that stands beside the default is about. All of them are equally specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One topic.
    Topic(TopicId),
    /// One kind of activity.
    Activity(ActivityType),
    /// One stage of the work.
    Stage(Stage),
}

/// What something is about, as far as wishes can be about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Matter<'a> {
    /// Its topics.
    pub topics: &'a [TopicId],
    /// Its kind of activity, if it is known.
    pub activity: Option<ActivityType>,
    /// Its stage of the work, if it is known.
    pub stage: Option<Stage>,
}

impl Matter<'_> {
    /// Whether a wish about `scope` is about this.
    pub fn has(&self, scope: Scope) -> bool {
        match scope {
            Scope::Topic(topic) => self.topics.contains(&topic),
            Scope::Activity(activity) => self.activity == Some(activity),
            Scope::Stage(stage) => self.stage == Some(stage),
        }
    }
}

impl<'a, T: AsRef<[TopicId]> + ?Sized> From<&'a T> for Matter<'a> {
    fn from(topics: &'a T) -> Self {
        Self { topics: topics.as_ref(), ..Self::default() }
    }
}

/// The wishes that stand beside the default.
pub(super) fn wishes(doc: &PreferenceDoc) -> impl Iterator<Item = (Scope, &Stance)> {
    let topics = doc.topic_stances.iter().map(|wish| (Scope::Topic(wish.topic), &wish.stance));
    let activities = doc.activity_stances.iter().map(|wish| (Scope::Activity(wish.activity), &wish.stance));
    let stages = doc.stage_stances.iter().map(|wish| (Scope::Stage(wish.stage), &wish.stance));
    topics.chain(activities).chain(stages)
}
