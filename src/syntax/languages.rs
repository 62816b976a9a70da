//! The languages: how their files are called, what they quote and remark with, and their words.

/// How a text in quotes begins and ends.
#[derive(Debug)]
pub struct Quote {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// A backslash takes the next character's meaning away.
    pub(super) escapes: bool,
    /// It may go on over lines.
    pub(super) lines: bool,
    /// It holds one character; a lone sign is no quote.
    pub(super) short: bool,
}

const fn quote(sign: &'static str) -> Quote {
    Quote { open: sign, close: sign, escapes: true, lines: false, short: false }
}

const fn raw(sign: &'static str) -> Quote {
    Quote { escapes: false, ..quote(sign) }
}

const fn long(sign: &'static str) -> Quote {
    Quote { lines: true, ..quote(sign) }
}

const DOUBLE: Quote = quote("\"");
const SINGLE: Quote = quote("'");
const CHAR: Quote = Quote { short: true, ..quote("'") };
const BACK: Quote = long("`");

/// Which words at the beginning of a line are names of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// None.
    No,
    /// What stands before a colon.
    Colon,
    /// What stands before an equals sign; `[head]` is a word of the language.
    Equals,
    /// A text in quotes before a colon.
    Quoted,
}

/// A language.
#[derive(Debug)]
pub struct Language {
    /// Endings with their dot, whole names, and beginnings of names that end in `*`; in lower case.
    names: &'static [&'static str],
    pub(super) remarks: &'static [&'static str],
    pub(super) blocks: &'static [(&'static str, &'static str)],
    pub(super) quotes: &'static [Quote],
    pub(super) words: &'static str,
    pub(super) values: &'static str,
    pub(super) fields: Fields,
    /// Words are the same in upper case.
    pub(super) any_case: bool,
}

const NONE: Language = Language {
    names: &[],
    remarks: &[],
    blocks: &[],
    quotes: &[],
    words: "",
    values: "true false",
    fields: Fields::No,
    any_case: false,
};

const C_LIKE: Language = Language {
    remarks: &["//"],
    blocks: &[("/*", "*/")],
    quotes: &[DOUBLE, SINGLE],
    values: "true false null nullptr NULL this super",
    ..NONE
};

const HASHED: Language = Language { remarks: &["#"], quotes: &[DOUBLE, SINGLE], ..NONE };

const LANGUAGES: &[Language] = &[
    Language {
        names: &[".rs"],
        quotes: &[DOUBLE, CHAR],
        words: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move \
                mut pub ref return static struct trait type union unsafe use where while yield",
        values: "true false self Self None Some Ok Err",
        ..C_LIKE
    },
    Language {
        names: &[".go"],
        quotes: &[DOUBLE, CHAR, Quote { escapes: false, ..BACK }],
        words: "break case chan const continue default defer else fallthrough for func go goto if import interface map \
                package range return select struct switch type var",
        values: "true false nil iota",
        ..C_LIKE
    },
    Language {
        names: &[".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".m", ".mm", ".ino"],
        words: "#define #elif #else #endif #error #if #ifdef #ifndef #include #pragma #undef alignas auto bool break case \
                catch char class const constexpr continue decltype default delete do double else enum explicit extern \
                final float for friend goto if inline int long namespace new noexcept operator override private \
                protected public return short signed sizeof static static_assert struct switch template throw try \
                typedef typename union unsigned using virtual void volatile while",
        ..C_LIKE
    },
    Language {
        names: &[".java", ".cs", ".dart", ".scala", ".sc"],
        words: "abstract as async await base break case catch class const continue def default do double else enum extends \
                extension final finally float for foreach get if implements import in instanceof int interface internal \
                is lazy let long match mixin namespace new object out override package private protected public \
                readonly record required return sealed set static string struct switch throw throws trait try type \
                typeof using val var virtual void when where while with yield",
        ..C_LIKE
    },
    Language {
        names: &[".kt", ".kts", ".swift", ".gradle", ".groovy", "jenkinsfile*"],
        quotes: &[long("\"\"\""), DOUBLE, SINGLE],
        words: "actor as associatedtype async await break case catch class companion continue data def default defer deinit \
                do else enum extension fileprivate final finally for fun func guard if implements import in init inline \
                inout interface internal is let mutating object open operator override package private protocol public \
                repeat rethrows return sealed static struct subscript suspend switch throw throws trait try typealias \
                val var vararg when where while",
        values: "true false null nil this super self it",
        ..C_LIKE
    },
    Language {
        names: &[".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"],
        quotes: &[DOUBLE, SINGLE, BACK],
        words: "abstract as async await break case catch class const continue debugger declare default delete do else enum \
                export extends finally for from function get if implements import in instanceof interface keyof let \
                namespace new of private protected public readonly return satisfies set static switch throw try type \
                typeof var void while with yield",
        values: "true false null undefined NaN this super",
        ..C_LIKE
    },
    Language {
        names: &[".php"],
        remarks: &["//", "#"],
        words: "abstract array as break case catch class clone const continue declare default do echo else elseif enum \
                extends final finally fn for foreach function global goto if implements include include_once instanceof \
                interface isset match namespace new print private protected public readonly require require_once return \
                static switch throw trait try unset use var while yield",
        ..C_LIKE
    },
    Language {
        names: &[".zig", ".proto", ".thrift", ".graphql", ".gql", ".sol", ".v", ".sv"],
        words: "and async await break catch comptime const contract continue defer else enum errdefer error event export \
                extend extends extern fn for function if import input interface map message mapping modifier module \
                optional option or oneof orelse package public private pub repeated required reserved return returns \
                rpc scalar schema service stream struct subscription switch syntax test try type union unreachable \
                usingnamespace var view while",
        ..C_LIKE
    },
    Language {
        names: &[
            ".py",
            ".pyi",
            ".bzl",
            ".star",
            "build",
            "build.bazel",
            "workspace",
            "tiltfile",
            "snakefile",
            "sconstruct",
        ],
        quotes: &[long("\"\"\""), long("'''"), DOUBLE, SINGLE],
        words: "and as assert async await break case class continue def del elif else except finally for from global if \
                import in is lambda load match nonlocal not or pass raise return try while with yield",
        values: "True False None self cls",
        ..HASHED
    },
    Language {
        names: &[".rb", ".rake", ".gemspec", "gemfile", "rakefile", "vagrantfile", "fastfile", "podfile", ".cr"],
        words: "alias and begin break case class def defined do else elsif end ensure extend for if in include module next \
                not or raise redo require require_relative rescue retry return then undef unless until when while yield",
        values: "true false nil self",
        ..HASHED
    },
    Language {
        names: &[".sh", ".bash", ".zsh", ".ksh", ".envrc", ".bashrc", ".profile", "gradlew", "configure", "pkgbuild"],
        quotes: &[DOUBLE, raw("'")],
        words: "break case cd continue do done echo elif else esac eval exec exit export fi for function if in local \
                readonly return set shift source then trap unset until while",
        ..HASHED
    },
    Language {
        names: &[".ps1", ".psm1", ".psd1"],
        blocks: &[("<#", "#>")],
        words: "begin break catch class continue do else elseif end exit filter finally for foreach function if in param \
                process return switch throw trap try until using while",
        any_case: true,
        ..HASHED
    },
    Language {
        names: &[".pl", ".pm", ".t"],
        words: "else elsif for foreach if last local my next no our package print redo require return sub unless until use \
                while",
        ..HASHED
    },
    Language {
        names: &[".ex", ".exs", ".nix", ".r", ".jl", ".nim", ".coffee", ".tcl"],
        words: "after alias and assert baremodule begin break case catch class cond const continue def defmodule defp do \
                elif else end export finally fn for function global if import in inherit let library macro match module \
                mutable next not or proc quote raise rec repeat require return rescue struct then throw try type unless \
                use using var when while with",
        values: "true false TRUE FALSE NULL null nil nothing",
        ..HASHED
    },
    Language {
        names: &[".yml", ".yaml", ".clang-format", ".clang-tidy"],
        quotes: &[DOUBLE, raw("'")],
        values: "true false null yes no on off",
        fields: Fields::Colon,
        ..HASHED
    },
    Language {
        names: &[".json", ".jsonc", ".json5", ".ipynb", ".webmanifest", ".tfstate", "composer.lock", ".avsc"],
        values: "true false null",
        quotes: &[DOUBLE],
        fields: Fields::Quoted,
        ..C_LIKE
    },
    Language {
        names: &[
            ".toml",
            ".ini",
            ".cfg",
            ".conf",
            ".properties",
            ".editorconfig",
            ".gitconfig",
            ".gitmodules",
            ".lock",
            ".env",
            ".service",
            ".timer",
            ".desktop",
        ],
        remarks: &["#", ";"],
        quotes: &[long("\"\"\""), DOUBLE, raw("'")],
        values: "true false inf nan yes no",
        fields: Fields::Equals,
        ..NONE
    },
    Language {
        names: &[".tf", ".tfvars", ".hcl", ".nomad", ".cue"],
        remarks: &["#", "//"],
        blocks: &[("/*", "*/")],
        quotes: &[DOUBLE],
        words: "check data dynamic else for if import in locals module moved output provider removed resource terraform \
                variable",
        values: "true false null",
        fields: Fields::Equals,
        ..NONE
    },
    Language {
        names: &["dockerfile*", "containerfile*", ".dockerfile"],
        words: "add arg as cmd copy entrypoint env expose from healthcheck label maintainer onbuild run shell stopsignal \
                user volume workdir",
        any_case: true,
        ..HASHED
    },
    Language {
        names: &["makefile*", "gnumakefile", ".mk", ".mak", "justfile", ".just", ".cmake", "cmakelists.txt"],
        words: "define else elseif endef endforeach endfunction endif endmacro export foreach function if ifdef ifeq ifndef \
                ifneq include macro override set unexport vpath",
        ..HASHED
    },
    Language {
        names: &[".sql", ".psql", ".ddl"],
        remarks: &["--"],
        blocks: &[("/*", "*/")],
        quotes: &[raw("'"), DOUBLE],
        words: "add all alter and as asc begin between by cascade case check column commit constraint create cross database \
                default delete desc distinct drop else end exists foreign from full function grant group having if in \
                index inner insert into is join key left like limit not offset on or order outer primary procedure \
                references replace returning revoke right rollback select set table then to transaction trigger truncate \
                union unique update using values view when where with",
        values: "true false null",
        any_case: true,
        ..NONE
    },
    Language {
        names: &[".lua", ".hs", ".elm", ".ada", ".vhd", ".vhdl"],
        remarks: &["--"],
        blocks: &[("{-", "-}"), ("--[[", "]]")],
        quotes: &[DOUBLE, CHAR],
        words: "and architecture begin break case class data deriving do else elseif elsif end entity exposing for \
                function goto if import in instance is let library local loop module newtype not of or package port \
                procedure process repeat return signal then type until use when where while with",
        values: "true false nil True False",
        ..NONE
    },
    Language {
        names: &[".ml", ".mli", ".fs", ".fsx", ".fsi"],
        remarks: &["//"],
        blocks: &[("(*", "*)")],
        quotes: &[DOUBLE, CHAR],
        words: "and as begin class do done downto else end exception external for fun function functor if in include \
                inherit lazy let match method module mutable namespace new object of open or rec sig struct then to try \
                type val virtual when while with yield",
        ..NONE
    },
    Language {
        names: &[".clj", ".cljs", ".edn", ".lisp", ".el", ".scm", ".rkt"],
        remarks: &[";"],
        quotes: &[DOUBLE],
        words: "def defmacro defn defun defvar cond define do fn if import lambda let loop ns progn quote recur require \
                setq when",
        values: "true false nil t",
        ..NONE
    },
    Language { names: &[".erl", ".hrl", ".tex", ".sty", ".bib"], remarks: &["%"], quotes: &[DOUBLE], ..NONE },
    Language {
        names: &[".css", ".scss", ".sass", ".less"],
        remarks: &["//"],
        blocks: &[("/*", "*/")],
        quotes: &[DOUBLE, SINGLE],
        words: "@charset @extend @font-face @forward @function @if @import @include @keyframes @layer @media @mixin @return \
                @supports @use !important",
        values: "auto inherit initial none unset",
        fields: Fields::Colon,
        ..NONE
    },
    Language {
        names: &[
            ".html", ".htm", ".xml", ".xhtml", ".svg", ".plist", ".csproj", ".props", ".targets", ".xsd", ".xsl",
            "pom.xml",
        ],
        blocks: &[("<!--", "-->")],
        quotes: &[raw("\""), raw("'")],
        ..NONE
    },
    Language {
        names: &[".vim", ".vimrc"],
        remarks: &[],
        quotes: &[SINGLE],
        words: "augroup autocmd call else elseif endfor endfunction endif endwhile execute for function if let map \
                nnoremap return set while",
        ..NONE
    },
    Language {
        names: &[".bat", ".cmd"],
        remarks: &["::", "rem "],
        quotes: &[raw("\"")],
        words: "call cd copy del echo else endlocal exit for goto if in not pause set setlocal shift",
        any_case: true,
        ..NONE
    },
];

/// The language of a file, by its name.
pub fn language(path: &[u8]) -> Option<&'static Language> {
    let path = String::from_utf8_lossy(path).to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let fits = |wanted: &&str| match wanted.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None if wanted.starts_with('.') => name.ends_with(wanted),
        None => name == *wanted,
    };
    // Of several endings the longest one counts: `x.dockerfile` is no `.file`.
    let best = |language: &'static Language| {
        let longest = language.names.iter().filter(|wanted| fits(wanted)).map(|wanted| wanted.len()).max()?;
        Some((longest, language))
    };
    LANGUAGES.iter().filter_map(best).max_by_key(|(length, _)| *length).map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_language_of_its_name() {
        let words = |name: &str| language(name.as_bytes()).map(|l| l.words.split_whitespace().next().unwrap_or("-"));
        for (name, first) in [
            ("src/main.rs", Some("as")),
            (".github/workflows/deploy.yml", Some("-")),
            ("Jenkinsfile.prod", Some("actor")),
            ("deploy/Dockerfile", Some("add")),
            ("x/Makefile.am", Some("define")),
            ("vite.config.mts", Some("abstract")),
            ("README", None),
            ("rs", None),
        ] {
            assert_eq!(words(name), first, "{name}");
        }
        assert_eq!(language(b"Cargo.lock").unwrap().fields, Fields::Equals);
        assert_eq!(language(b"a/package.json").unwrap().fields, Fields::Quoted);
    }

    #[test]
    fn every_name_is_in_lower_case_and_stands_once() {
        let mut names: Vec<&str> = LANGUAGES.iter().flat_map(|l| l.names).copied().collect();
        assert!(names.iter().all(|n| *n == n.to_lowercase()));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
