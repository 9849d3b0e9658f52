//! The outer form: compressed, encrypted, and in its place only when it is whole.

use super::{Keys, Recipients};
use crate::platform::{Error, Result};
use age::{Decryptor, Encryptor, stream::StreamWriter};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// How every file of age begins.
const AGE: &[u8] = b"age-encryption.org/";

/// A new file that this user alone can read. One that is there already is not touched.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file that is being written, under another name until it is whole.
pub struct Sealing {
    out: Option<GzEncoder<Inner>>,
    under: PathBuf,
    path: PathBuf,
}

/// Box: the writer that encrypts holds a piece of the file.
enum Inner {
    Plain(BufWriter<File>),
    Sealed(Box<StreamWriter<BufWriter<File>>>),
}

impl Write for Inner {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Sealed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Sealed(out) => out.flush(),
        }
    }
}

impl Sealing {
    /// Begins a file. One of this name that is there already is left alone, and an error.
    pub fn begin(path: &Path, to: &Recipients) -> Result<Self> {
        if path.exists() {
            return Err(Error::unavailable(format!("{} is there already and is not overwritten", path.display())));
        }
        let mut under = path.as_os_str().to_owned();
        under.push(OsString::from(".part"));
        let under = PathBuf::from(under);
        let cannot = |error: io::Error| {
            let hint = if error.kind() == io::ErrorKind::AlreadyExists {
                " (left over from one that was broken off? Remove it)"
            } else {
                ""
            };
            Error::unavailable(format!("cannot write {}: {error}{hint}", under.display()))
        };
        let file = BufWriter::new(create(&under).map_err(cannot)?);
        // From here on it is ours to remove.
        let mut this = Self { out: None, under: under.clone(), path: path.to_owned() };
        let inner = if to.is_nobody() {
            Inner::Plain(file)
        } else {
            let sealed = Encryptor::with_recipients(to.all())
                .map_err(|error| Error::unavailable(format!("cannot encrypt to these keys: {error}")))?;
            Inner::Sealed(Box::new(sealed.wrap_output(file).map_err(cannot)?))
        };
        this.out = Some(GzEncoder::new(inner, Compression::default()));
        Ok(this)
    }

    /// Writes bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.as_mut().map_or_else(|| Err(io::ErrorKind::WriteZero.into()), |out| out.write_all(bytes))
    }

    /// Brings it to its end, onto the disk, and under its name. Answers its size.
    pub fn finish(mut self) -> io::Result<u64> {
        let out = self.out.take().ok_or(io::ErrorKind::WriteZero)?;
        let file = match out.finish()? {
            Inner::Plain(file) => file,
            Inner::Sealed(sealed) => sealed.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let size = file.metadata()?.len();
        if self.path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(&self.under, &self.path)?;
        // The name too survives a power cut.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
        Ok(size)
    }
}

impl Drop for Sealing {
    /// What did not come to its end leaves nothing behind; after the end there is nothing of this name.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.under);
    }
}

/// Opens a file for reading, encrypted or not.
pub fn open(path: &Path, keys: &Keys) -> Result<Box<dyn BufRead>> {
    let cannot = |error: io::Error| Error::unavailable(format!("cannot read {}: {error}", path.display()));
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(cannot)?);
    let sealed = file.fill_buf().map_err(cannot)?.starts_with(AGE);
    let inside: Box<dyn Read> = if sealed {
        if keys.is_empty() {
            return Err(Error::unavailable(format!("{} is encrypted: name the key file with --key", path.display())));
        }
        let broken = |error: age::DecryptError| match error {
            age::DecryptError::NoMatchingKeys => Error::unavailable(format!(
                "{} was not encrypted to this key. The key file has to hold the secret half of one of the keys that were \
                 named with --to",
                path.display()
            )),
            error => Error::unavailable(format!("{} cannot be opened: {error}", path.display())),
        };
        let decryptor = Decryptor::new_buffered(file).map_err(broken)?;
        Box::new(decryptor.decrypt(keys.all()).map_err(broken)?)
    } else {
        Box::new(file)
    };
    Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(inside))))
}
