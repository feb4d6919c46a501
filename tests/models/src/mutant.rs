//! The list of mutants: faults put into the library on purpose, to see whether the models notice.

use crate::is_model;
use crate::property;

/// A fault, and the property that must notice it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What is wrong.
    pub name: String,
    /// The file, from the root of the repository.
    pub file: String,
    /// What is taken out.
    pub take: String,
    /// What is put in its place.
    pub put: String,
    /// The models to run.
    pub models: Vec<String>,
    /// The property that must not hold any more.
    pub property: &'static str,
}

impl Mutant {
    /// Reads the list: blocks of lines `key: value`, parted by empty lines; `#` begins a comment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_all(list: &str) -> Result<Vec<Self>, String> {
        let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
        let blocks = lines.split(|line| line.is_empty());
        let blocks = blocks.filter(|block| !block.is_empty());
        blocks.map(Self::read).collect()
    }

    fn read(block: &[&str]) -> Result<Self, String> {
        let value = |key: &str| {
            let of_key = |line: &&str| Some(line.strip_prefix(key)?.strip_prefix(": ")?.to_owned());
            let found = block.iter().find_map(of_key);
            found.ok_or(format!("no `{key}` in {block:?}"))
        };
        let property = value("property")?;
        let models: Vec<String> = value("models")?.split(' ').map(str::to_owned).collect();
        if let Some(unknown) = models.iter().find(|name| !is_model(name)) {
            return Err(format!("no model {unknown}"));
        }
        Ok(Self {
            name: value("name")?,
            file: value("file")?,
            take: value("take")?,
            put: value("put")?,
            models,
            property: property::by_key(&property).ok_or(format!("no property {property}"))?,
        })
    }

    /// The text of the file with the fault in it.
    ///
    /// # Errors
    /// If what is to be taken out does not stand there just once.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.take).count() {
            1 => Ok(text.replacen(&self.take, &self.put, 1)),
            count => Err(format!("{count} times in {}: {}", self.file, self.take)),
        }
    }
}
