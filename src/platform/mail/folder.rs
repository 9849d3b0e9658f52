//! Letters as files: what happens without an SMTP server, so that an installation can be tried at once.

use super::transport::{Outgoing, SendFault, Slot, Stage};
use futures_util::future::BoxFuture;
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{fs, io::AsyncWriteExt};

/// Writes each letter to a folder as `<message-id>.eml`. A file is there as a whole or not at all, and the same letter sent
/// again is the same file.
#[derive(Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Writes to this folder, and makes it when it is needed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Slot for Folder {
    fn accept(&self, letter: Outgoing) -> BoxFuture<'_, Result<(), SendFault>> {
        Box::pin(async move {
            write(&self.0, &file_name(&letter.id), &letter.message).await.map_err(|error| SendFault {
                stage: Stage::Connect,
                code: None,
                enhanced: None,
                text: format!("the folder for letters cannot be written to: {}", error.kind()),
            })
        })
    }
}

async fn write(folder: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder).await?;
    let unfinished = folder.join(format!(".{name}.part"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // A letter holds links that open doors: nobody else on this machine may read it.
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&unfinished).await?;
    file.write_all(message).await?;
    file.sync_all().await?;
    fs::rename(&unfinished, folder.join(format!("{name}.eml"))).await
}

/// The id as a file name that stays in its folder on every system.
fn file_name(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') { c } else { '_' };
    id.trim_matches('.').chars().take(120).map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_stays_in_its_folder() {
        assert_eq!(file_name("0199-x@alongside"), "0199-x@alongside");
        assert_eq!(file_name("../../etc/passwd"), "_.._etc_passwd");
    }
}
