//! What a repository holds: branches and tags, the folders and files of its commits, and how two commits lie.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{Repo, sha};
use super::{Asked, Reply};

const API: &str = "https://api.github.com";

/// A folder: name, id, and the size of a file.
type Entry = (String, String, Option<usize>);

/// With all that lies below it.
pub fn whole_tree(repo: &Repo, commit: &str) -> Option<Value> {
    let at = format!("{API}/repos/{}/git", repo.full_name);
    let commit = repo.commit_of(commit)?;
    let blob = |(path, text): (String, String)| {
        let id = sha(&text);
        json!({
            "path": path, "mode": "100644", "type": "blob", "sha": id, "size": text.len(),
            "url": format!("{at}/blobs/{id}"),
        })
    };
    let tree: Vec<Value> = repo.files_of(&commit).into_iter().map(blob).collect();
    Some(json!({"sha": commit, "url": format!("{at}/trees/{commit}"), "truncated": false, "tree": tree}))
}

pub fn tree(repo: &Repo, id: &str) -> Option<Value> {
    let at = format!("{API}/repos/{}/git", repo.full_name);
    let entry = |(name, id, size): Entry| match size {
        Some(size) => json!({
            "path": name, "mode": "100644", "type": "blob", "sha": id, "size": size, "url": format!("{at}/blobs/{id}"),
        }),
        None => json!({"path": name, "mode": "040000", "type": "tree", "sha": id, "url": format!("{at}/trees/{id}")}),
    };
    let (id, entries) = folder_of(repo, id)?;
    let tree: Vec<Value> = entries.into_iter().map(entry).collect();
    Some(json!({"sha": id, "url": format!("{at}/trees/{id}"), "truncated": false, "tree": tree}))
}

/// The folder of a commit, or the folder with this id in any commit.
fn folder_of(repo: &Repo, id: &str) -> Option<(String, Vec<Entry>)> {
    let mut commits = repo.commits.iter().map(|(sha, _)| sha.as_str()).chain(repo.strays.iter().map(String::as_str));
    commits.find_map(|commit| {
        let files = repo.files_of(commit);
        let (top, all) = folders(&files);
        let wanted = if commit == id { top } else { id.to_owned() };
        all.get(&wanted).map(|entries| (wanted.clone(), entries.clone()))
    })
}

/// Every folder by its id, and the id of the top one.
fn folders(files: &BTreeMap<String, String>) -> (String, BTreeMap<String, Vec<Entry>>) {
    let mut all = BTreeMap::new();
    let top = folder(files, "", &mut all);
    (top, all)
}

fn folder(files: &BTreeMap<String, String>, below: &str, all: &mut BTreeMap<String, Vec<Entry>>) -> String {
    let mut entries: Vec<Entry> = Vec::new();
    for (path, text) in files {
        let Some(rest) = path.strip_prefix(below) else { continue };
        match rest.split_once('/') {
            None => entries.push((rest.to_owned(), sha(text), Some(text.len()))),
            Some((name, _)) if entries.last().is_none_or(|(last, ..)| last != name) => {
                let id = folder(files, &format!("{below}{name}/"), all);
                entries.push((name.to_owned(), id, None));
            }
            Some(_) => {}
        }
    }
    let id = sha(&format!("{entries:?}"));
    all.insert(id.clone(), entries);
    id
}

/// The text of a file by its id, whichever commit has it.
pub fn blob(repo: &Repo, id: &str) -> Option<String> {
    repo.commits.iter().find_map(|(commit, _)| repo.files_of(commit).into_values().find(|text| sha(text) == id))
}

/// A branch or a tag of a list.
pub fn tip(repo: &Repo, (name, commit): (&str, &str), tag: bool) -> Value {
    let at = format!("{API}/repos/{}", repo.full_name);
    let commit = json!({"sha": commit, "url": format!("{at}/commits/{commit}")});
    match tag {
        true => json!({
            "name": name, "commit": commit, "node_id": format!("REF_{name}"),
            "zipball_url": format!("{at}/zipball/{name}"), "tarball_url": format!("{at}/tarball/{name}"),
        }),
        false => json!({"name": name, "commit": commit, "protected": name == "main"}),
    }
}

/// The id that a name stands for, as plain text.
pub fn commit(asked: &Asked, repo: &Repo, name: &str) -> Reply {
    match repo.commit_of(name) {
        Some(id) if asked.headers.get("accept").is_some_and(|v| v == "application/vnd.github.sha") => {
            Reply::raw("application/vnd.github.sha; charset=utf-8", id.into_bytes())
        }
        _ => Reply::message(422, &format!("No commit found for SHA: {name}")),
    }
}

/// How two commits lie: places of the line that both stand on, or absent where one is a fork's.
pub fn places(repo: &Repo, from: &str, to: &str) -> Option<(Option<usize>, Option<usize>)> {
    let place = |name: &str| {
        let id = repo.commit_of(name)?;
        let on_line = repo.commits.iter().position(|(sha, _)| *sha == id);
        (on_line.is_some() || repo.strays.contains(&id)).then_some(on_line)
    };
    Some((place(from)?, place(to)?))
}
