//! redirects: an HTTP handler (CGI) that sends clients elsewhere by a file of rules, and sets header fields for pages.
//!
//! The file (variable RULES, `/rules/rules.txt` unless set) has a rule a line, the first that fits counts:
//!
//!     301 /old/page             /new/page           one page
//!     302 /blog/*               https://blog.example/*   everything beneath; the star is what followed
//!     307 /download             /download/:lang     :lang is the best of the languages the client accepts
//!     200 /docs/*               text                answers itself; text is put out
//!     header /docs/*            X-Frame-Options: DENY    a field for every answer beneath
//!     language en de fr         what :lang chooses from, the first if none fits
//!
//! `/headers` answers with the request's own header fields. A client without the cookie `variant` is given one, a or b,
//! by its address: the same every time.

use std::collections::BTreeMap;
use std::io::Write;

struct Rules {
    routes: Vec<(u16, String, String)>,
    fields: Vec<(String, String, String)>,
    languages: Vec<String>,
}

fn parse(text: &str) -> Result<Rules, String> {
    let mut rules = Rules { routes: vec![], fields: vec![], languages: vec![] };
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| format!("line {}: {}", index + 1, what);
        let (kind, rest) = line.split_once(char::is_whitespace).ok_or_else(|| wrong("a rule has more than a word"))?;
        let rest = rest.trim();
        if kind == "language" {
            rules.languages.extend(rest.split_whitespace().map(str::to_ascii_lowercase));
            continue;
        }
        let (pattern, target) = rest.split_once(char::is_whitespace).ok_or_else(|| wrong("a path without a target"))?;
        if !pattern.starts_with('/') {
            return Err(wrong("a path begins with '/'"));
        }
        let target = target.trim().to_string();
        if kind == "header" {
            let (name, value) = target.split_once(':').ok_or_else(|| wrong("a field is NAME: VALUE"))?;
            rules.fields.push((pattern.to_string(), name.trim().to_string(), value.trim().to_string()));
        } else {
            let status = match kind.parse() {
                Ok(status @ (200 | 301 | 302 | 303 | 307 | 308 | 410)) => status,
                _ => return Err(wrong("a rule begins with a status, 'header' or 'language'")),
            };
            rules.routes.push((status, pattern.to_string(), target));
        }
    }
    Ok(rules)
}

/// What the star of a pattern stands for; nothing if the path does not fit.
fn matches<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix),
        None => (pattern == path).then_some(""),
    }
}

/// The language of highest quality (RFC 9110, 12.5.4) that is one of ours; `de-AT` accepts `de`.
fn best_language<'a>(accepted: &str, ours: &'a [String]) -> &'a str {
    let mut best: Option<(&str, u32)> = None;
    for entry in accepted.split(',') {
        let mut parts = entry.split(';');
        let range = parts.next().unwrap_or("").trim().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1000, |text| text.parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32));
        let primary = range.split('-').next().unwrap_or("");
        let found = ours.iter().find(|one| range == "*" || **one == range || *one == primary);
        if let Some(language) = found {
            if quality > best.map_or(0, |(_, q)| q) {
                best = Some((language, quality));
            }
        }
    }
    best.map(|(language, _)| language).or(ours.first().map(String::as_str)).unwrap_or("en")
}

/// FNV-1a: the same client always falls on the same side.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf29ce484222325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3))
}

/// Bytes that may stand in a header field; the rest, line ends above all, is percent-encoded.
fn field_value(text: &str) -> String {
    let mut value = String::new();
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => value.push(byte as char),
            _ => value.push_str(&format!("%{byte:02X}")),
        }
    }
    value
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        404 => "Not Found",
        410 => "Gone",
        _ => "Internal Server Error",
    }
}

/// The request's header fields as JSON, in the order of their names.
fn request_fields() -> String {
    let fields: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter_map(|(name, value)| Some((name.strip_prefix("HTTP_")?.to_ascii_lowercase().replace('_', "-"), value)))
        .collect();
    let lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("  \"{}\": \"{}\"", escaped(name), escaped(value))).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn main() -> std::io::Result<()> {
    let variable = |name: &str| std::env::var_os(name).map_or(String::new(), |value| value.to_string_lossy().into_owned());
    let path = variable("PATH_INFO");
    let file = match variable("RULES") {
        empty if empty.is_empty() => "/rules/rules.txt".to_string(),
        given => given,
    };
    let rules = std::fs::read_to_string(&file).map_err(|error| error.to_string()).and_then(|text| parse(&text));

    let mut fields: Vec<(String, String)> = vec![("X-Content-Type-Options".into(), "nosniff".into())];
    let (status, kind, body) = match &rules {
        Err(message) => {
            eprintln!("redirects: {file}: {message}");
            (500, "text/plain", "the rules cannot be read\n".to_string())
        }
        Ok(_) if path == "/headers" => (200, "application/json", request_fields()),
        Ok(rules) => match rules.routes.iter().find_map(|(status, pattern, target)| Some((*status, matches(pattern, &path)?, target))) {
            None => (404, "text/plain", format!("nothing at {}\n", field_value(&path))),
            Some((status @ (200 | 410), _, text)) => (status, "text/plain; charset=utf-8", format!("{text}\n")),
            Some((status, rest, target)) => {
                let mut target = target.replace('*', rest);
                if target.contains(":lang") {
                    let language = best_language(&variable("HTTP_ACCEPT_LANGUAGE"), &rules.languages);
                    target = target.replace(":lang", language);
                    fields.push(("Vary".into(), "Accept-Language".into()));
                }
                let query = variable("QUERY_STRING");
                if !query.is_empty() && !target.contains('?') {
                    target = format!("{target}?{query}");
                }
                // A path of this server is made whole: a bare one would be followed by the server itself (RFC 3875, 6.2.2).
                if target.starts_with('/') {
                    let scheme = if variable("HTTPS") == "on" { "https" } else { "http" };
                    target = format!("{scheme}://{}{target}", variable("HTTP_HOST"));
                }
                fields.push(("Location".into(), target.clone()));
                (status, "text/plain", format!("see {}\n", field_value(&target)))
            }
        },
    };
    if let Ok(rules) = &rules {
        fields.extend(rules.fields.iter().filter(|(pattern, ..)| matches(pattern, &path).is_some()).map(|(_, n, v)| (n.clone(), v.clone())));
    }
    if !variable("HTTP_COOKIE").split(';').any(|cookie| cookie.trim().starts_with("variant=")) {
        let variant = if hash(&variable("REMOTE_ADDR")) % 2 == 0 { "a" } else { "b" };
        fields.push(("Set-Cookie".into(), format!("variant={variant}; Path=/; Max-Age=2592000; SameSite=Lax")));
    }

    let mut out = std::io::stdout().lock();
    write!(out, "Status: {status} {}\r\nContent-Type: {kind}\r\n", reason(status))?;
    for (name, value) in &fields {
        write!(out, "{name}: {}\r\n", field_value(value))?;
    }
    write!(out, "\r\n{body}")?;
    out.flush()
}
