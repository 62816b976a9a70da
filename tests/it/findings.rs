//! False alarms cost trust: ordinary code and prose of many scripts have no text findings to speak of. The folder of
//! `JIT_TUI_CORPUS`, or else this repository itself, is measured file by file, as if all of it had been added.

use std::path::{Path, PathBuf};

use jit_tui::domain::finding::FindingId;
use jit_tui::findings::Changes;

/// Prose and code as people write it.
const ORDINARY: &[(&str, &str)] = &[
    ("he.md", "# שלום עולם\nהקובץ `config.toml` נקרא ב־UTF-8, ראו (README).\u{200f}\nגרסה 2.0\u{200f} יצאה!\n"),
    ("ar.po", "msgid \"Save %d files\"\nmsgstr \"احفظ %d ملفات\u{200f}\"\n# ملاحظة: الإصدار ٢٫٠\u{200e}\n"),
    ("fa.txt", "می\u{200c}خواهم این پرونده را ببینم.\nنرم\u{200c}افزار‌های آزاد\n"),
    ("ur.txt", "یہ ایک مثال ہے۔\n"),
    ("hi.txt", "यह एक उदाहरण है। क्\u{200d}ष और र्\u{200d}क\n"),
    ("ml.txt", "മലയാളം ന്\u{200d} ര്\u{200d}\n"),
    ("si.txt", "ශ්\u{200d}රී ලංකා\n"),
    ("th.txt", "นี่คือตัวอย่าง\n"),
    ("km.txt", "នេះជាឧទាហរណ៍\n"),
    ("ja.md", "# 設定\n\u{3000}ファイル名は「config.toml」です。Tシャツ、Eメール、Aー。葛\u{e0100}飾区\n"),
    ("zh.md", "配置文件\u{3000}请参阅 README，版本２.０\n"),
    ("ko.md", "설정 파일은 UTF-8로 읽습니다. A안, B안\n"),
    ("ru.md", "JSON-файл, SQL-запрос и x-координата; сор, рука, тест. API нашего сервиса.\n"),
    ("uk.md", "Файл конфігурації; ім'я, об'єкт, URL-адреса\n"),
    ("sr.md", "Ово је пример; Linux ядро и C++ код\n"),
    ("el.md", "Αυτό είναι ένα παράδειγμα· Linux και C++; Δοκιμή.\n"),
    ("tr.md", "Işık ılık, kapı İstanbul'da. ığdır\n"),
    ("vi.md", "Đây là một ví dụ; tiếng Việt có nhiều dấu: ế ộ ữ ẵ\n"),
    ("fr.md", "Un\u{a0}mot\u{202f}; deux\u{a0}: «\u{a0}bonjour\u{a0}»\n"),
    ("de.md", "Straße, Größe, Übung; Donaudampfschifffahrt\n"),
    ("yo.md", "Ẹ káàbọ̀ sí ojúlé wa\n"),
    (
        "emoji.md",
        "Ship it 🚀 👩\u{200d}💻 👨\u{200d}👩\u{200d}👧\u{200d}👦 ❤\u{fe0f} 1\u{fe0f}\u{20e3} 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 🏳\u{fe0f}\u{200d}🌈\n",
    ),
    ("physics.jl", "Δt = αx + βρ; σx² = ∑ᵢ μᵢ; ∂u/∂t = ν∇²u\nfunction f(θ, φ)\n    λ₁ * sin(θ)\nend\n"),
    ("spinner.rs", "const FRAMES: &str = \"⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏\u{2800}\";\nlet µs = 1; // 5 µs, 20 Ω, 3 Å\n"),
    ("table.md", "| a        | b                                                       | c |\n|---|---|---|\n"),
    ("bom.cs", "\u{feff}using System;\nclass A { string s = \"\\u202e\"; }\n"),
    ("old.el", ";;; file\n\u{c}\n(defun f () nil)\n"),
    ("crlf.bat", "@echo off\r\nset A=1\r\n"),
    ("box.txt", "┌──────┐\n│ hi ✓ │\n└──────┘\n"),
];

const OF_TEXT: &[FindingId] = &[FindingId::HiddenText, FindingId::ConfusableText, FindingId::FarRight];

fn text_findings(path: &str, bytes: &[u8]) -> Vec<String> {
    let mut changes = Changes::default();
    changes.file(&path.into(), None, false);
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        changes.added(at as u64 + 1, line, true);
    }
    let found = changes.finish();
    let of_text = found.iter().filter(|f| OF_TEXT.contains(&f.id));
    of_text
        .map(|f| format!("{}: {} {}", f.place.as_ref().unwrap().shown(), f.id.meaning().word, f.detail.prose()))
        .collect()
}

#[test]
fn ordinary_text_of_many_scripts_has_no_text_finding() {
    let told: Vec<String> = ORDINARY.iter().flat_map(|(path, text)| text_findings(path, text.as_bytes())).collect();
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn less_than_one_file_in_a_hundred_has_one() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (roots, least) = match std::env::var_os("JIT_TUI_CORPUS") {
        Some(root) => (vec![PathBuf::from(root)], 1),
        None => (["src", "tests", "benches", "examples", "docs"].map(|name| here.join(name)).to_vec(), 300),
    };
    let (mut files, mut odd) = (0, Vec::new());
    let mut each = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        // What git takes for binary has no lines.
        if bytes.iter().take(8_000).any(|b| *b == 0) {
            return;
        }
        files += 1;
        odd.extend(text_findings(&path.display().to_string(), &bytes).into_iter().next());
    };
    roots.iter().for_each(|root| walk(root, &mut each));
    println!("{} of {files} files with a text finding\n{}", odd.len(), odd.join("\n"));
    assert!(files >= least && odd.len() * 100 < files, "{} of {files}:\n{}", odd.len(), odd.join("\n"));
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            walk(&entry.path(), each);
        } else if kind.is_file() {
            each(&entry.path());
        }
    }
}
