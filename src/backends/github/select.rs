//! Which repositories are watched: by name, glob, organisation, team or all that the token sees; archived ones never.

use std::collections::{BTreeMap, HashMap, HashSet};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::call::Api;
use super::name::{RepoName, is_slug};
use super::wire::Repo;
use crate::backends::port::{Fault, Trouble};
use crate::domain::text::{SafeText, Text};
use crate::domain::time::{Ms, Span};
use crate::safe;

/// Pages of one list.
const PAGES: usize = 50;
/// A run lives 35 days at most: a repository without a push for so long is asked rarely.
const QUIET: Span = Span::hours(35 * 24);

/// What the config names.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    names: Vec<RepoName>,
    globs: GlobSet,
    lists: Vec<List>,
    exclude: GlobSet,
}

/// A list of repositories at GitHub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    /// Everything of an organisation.
    Organisation(String),
    /// What of an owner fits a glob.
    Owner(String),
    Team(String, String),
    /// Whatever the token sees; where globs name owners by pattern, what fits them.
    All {
        by_globs: bool,
    },
}

/// A repository to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) name: RepoName,
    pub(super) id: Option<u64>,
    pub(super) push: Option<bool>,
    pub(super) quiet: bool,
}

/// Lists as they were read, with their tags.
pub(super) type Cache = HashMap<String, (Option<String>, Vec<Repo>)>;

/// What the config says of repositories.
pub(super) struct Named<'a> {
    pub(super) repositories: &'a [String],
    pub(super) organisations: &'a [String],
    pub(super) teams: &'a [String],
    pub(super) all: bool,
    pub(super) exclude: &'a [String],
}

impl Selection {
    /// Reads the names; where nothing is named, everything that the token sees is meant.
    ///
    /// # Errors
    /// The first one that is no name or glob, in words.
    pub(super) fn of(named: &Named) -> Result<Self, SafeText> {
        let (mut names, mut globs, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        for text in named.repositories {
            match text.parse::<RepoName>() {
                Ok(name) => names.push(name),
                Err(_) => {
                    lists.push(owner_list(text)?);
                    globs.push(text.clone());
                }
            }
        }
        for org in named.organisations {
            if !is_slug(org) {
                return Err(safe!("`{}` is no organisation", shown(org)));
            }
            lists.push(List::Organisation(org.clone()));
        }
        for team in named.teams {
            match team.split_once('/').filter(|(org, slug)| is_slug(org) && is_slug(slug)) {
                Some((org, slug)) => lists.push(List::Team(org.to_owned(), slug.to_owned())),
                None => return Err(safe!("`{}` is no team: write organisation/team", shown(team))),
            }
        }
        if named.all || (names.is_empty() && lists.is_empty()) {
            lists.push(List::All { by_globs: false });
        }
        lists.sort();
        lists.dedup();
        Ok(Self { names, globs: set(&globs)?, lists, exclude: set(named.exclude)? })
    }

    fn takes(&self, list: &List, repo: &Repo) -> bool {
        let by_glob = matches!(list, List::Owner(_) | List::All { by_globs: true });
        !repo.archived
            && !repo.disabled
            && (!by_glob || self.globs.is_match(&repo.full_name))
            && !self.exclude.is_match(&repo.full_name)
    }

    /// Reads the lists and puts together what is to be watched; a list that cannot be read is told and the others count.
    pub(super) async fn find(
        &self,
        api: &Api,
        cache: &mut Cache,
        now: Ms,
    ) -> Result<(Vec<Chosen>, Vec<SafeText>), Fault> {
        let mut found: BTreeMap<String, Chosen> = BTreeMap::new();
        let mut troubles = Vec::new();
        for name in self.names.iter().filter(|name| !self.exclude.is_match(name.as_str())) {
            let chosen = Chosen { name: name.clone(), id: None, push: None, quiet: false };
            found.insert(name.as_str().to_ascii_lowercase(), chosen);
        }
        for list in &self.lists {
            match read(api, list, cache).await {
                Ok(repos) => {
                    found.extend(repos.iter().filter(|repo| self.takes(list, repo)).filter_map(|r| chosen(r, now)))
                }
                Err(fault) if is_about_one(&fault) => troubles.push(fault.message),
                Err(fault) => return Err(fault),
            }
        }
        Ok((found.into_values().collect(), troubles))
    }
}

/// Whether a fault is about one thing, and the others can go on.
pub(super) fn is_about_one(fault: &Fault) -> bool {
    !matches!(fault.trouble, Trouble::Unreachable | Trouble::Unauthenticated | Trouble::Limited)
}

fn shown(text: &str) -> SafeText {
    Text::from(text).ident()
}

fn owner_list(glob: &str) -> Result<List, SafeText> {
    match glob.split_once('/') {
        Some((owner, _)) if is_slug(owner) => Ok(List::Owner(owner.to_owned())),
        Some(_) => Ok(List::All { by_globs: true }),
        None => Err(safe!("`{}` is no repository: write owner/name, or a glob such as owner/*", shown(glob))),
    }
}

fn set(globs: &[String]) -> Result<GlobSet, SafeText> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let one = GlobBuilder::new(glob).case_insensitive(true).literal_separator(true).build();
        set.add(one.map_err(|e| safe!("`{}` is no glob: {}", shown(glob), Text::from(e.kind().to_string()).prose()))?);
    }
    set.build().map_err(|e| safe!("the globs are too many: {}", Text::from(e.kind().to_string()).prose()))
}

fn chosen(repo: &Repo, now: Ms) -> Option<(String, Chosen)> {
    let name: RepoName = repo.full_name.parse().ok()?;
    let quiet = repo.pushed_at.0.is_some_and(|at| at + QUIET < now);
    let chosen = Chosen { name, id: Some(repo.id), push: repo.permissions.map(|p| p.push), quiet };
    Some((repo.full_name.to_ascii_lowercase(), chosen))
}

async fn read(api: &Api, list: &List, cache: &mut Cache) -> Result<Vec<Repo>, Fault> {
    match list {
        List::Organisation(org) => {
            pages(api, format!("/orgs/{org}/repos?per_page=100&type=all&sort=pushed"), cache).await
        }
        List::Team(org, team) => pages(api, format!("/orgs/{org}/teams/{team}/repos?per_page=100"), cache).await,
        List::All { .. } => pages(api, "/user/repos?per_page=100&sort=pushed".to_owned(), cache).await,
        List::Owner(owner) => {
            let org = pages(api, format!("/orgs/{owner}/repos?per_page=100&type=all&sort=pushed"), cache).await;
            match org {
                Err(fault) if fault.trouble == Trouble::NotFound => {
                    pages(api, format!("/users/{owner}/repos?per_page=100&type=all&sort=pushed"), cache).await
                }
                other => other,
            }
        }
    }
}

/// A whole list, page by page as GitHub links them. A page that links back ends it.
async fn pages(api: &Api, first: String, cache: &mut Cache) -> Result<Vec<Repo>, Fault> {
    let known = cache.get(&first).and_then(|(etag, _)| etag.clone());
    let Some((mut repos, etag, mut next)) = api.read_if::<Vec<Repo>>(&first, known.as_deref()).await? else {
        return Ok(cache.get(&first).map(|(_, repos)| repos.clone()).unwrap_or_default());
    };
    let mut seen = HashSet::from([first.clone()]);
    while let Some(path) = next.filter(|path| seen.len() < PAGES && seen.insert(path.clone())) {
        let Some((more, _, after)) = api.read_if::<Vec<Repo>>(&path, None).await? else { break };
        repos.extend(more);
        next = after;
    }
    cache.insert(first, (etag, repos.clone()));
    Ok(repos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        repositories: &[&str],
        organisations: &[&str],
        teams: &[&str],
        exclude: &[&str],
    ) -> Result<Selection, SafeText> {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Selection::of(&Named {
            repositories: &owned(repositories),
            organisations: &owned(organisations),
            teams: &owned(teams),
            all: false,
            exclude: &owned(exclude),
        })
    }

    fn repo(name: &str, archived: bool) -> Repo {
        Repo {
            id: 1,
            full_name: name.to_owned(),
            archived,
            disabled: false,
            pushed_at: super::super::wire::Moment(Some(Ms(0))),
            permissions: None,
        }
    }

    #[test]
    fn each_way_to_name_repositories_reads_its_own_list() {
        let selection = of(&["acme/shop", "acme/pay-*", "*/infra"], &["umbrella"], &["acme/platform"], &[]).unwrap();
        assert_eq!(selection.names.len(), 1);
        assert_eq!(
            selection.lists,
            [
                List::Organisation("umbrella".into()),
                List::Owner("acme".into()),
                List::Team("acme".into(), "platform".into()),
                List::All { by_globs: true },
            ]
        );
        assert_eq!(of(&[], &[], &[], &[]).unwrap().lists, [List::All { by_globs: false }]);
    }

    #[test]
    fn globs_take_what_fits_and_archived_or_excluded_ones_never_count() {
        let selection = of(&["acme/pay-*"], &["acme"], &[], &["acme/*-old", "ACME/secret"]).unwrap();
        let (owner, org) = (List::Owner("acme".into()), List::Organisation("acme".into()));
        for (list, name, archived, takes) in [
            (&owner, "acme/pay-api", false, true),
            (&owner, "Acme/Pay-api", false, true),
            (&owner, "acme/shop", false, false),
            (&owner, "acme/pay-x/y", false, false),
            (&org, "acme/shop", false, true),
            (&org, "acme/shop", true, false),
            (&org, "acme/shop-old", false, false),
            (&org, "acme/secret", false, false),
        ] {
            assert_eq!(selection.takes(list, &repo(name, archived)), takes, "{name}");
        }
    }

    #[test]
    fn what_names_nothing_is_told() {
        for (repositories, organisations, teams) in [
            (&["acme"][..], &[][..], &[][..]),
            (&["acme/{"], &[], &[]),
            (&[], &["a/b"], &[]),
            (&[], &[], &["platform"]),
        ] {
            assert!(
                of(repositories, organisations, teams, &[]).is_err(),
                "{repositories:?} {organisations:?} {teams:?}"
            );
        }
    }

    #[test]
    fn a_repository_without_a_push_for_long_is_asked_rarely() {
        let repo = repo("acme/shop", false);
        assert!(chosen(&repo, Ms(0) + Span::hours(36 * 24)).unwrap().1.quiet);
        assert!(!chosen(&repo, Ms(0) + Span::hours(34 * 24)).unwrap().1.quiet);
    }
}
