//! Reads `multipart/form-data`, as far as Discord's clients use it: the field `payload_json`, and the files.

/// One file of a request.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The file's name.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

/// What a form carries.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) payload_json: Option<Vec<u8>>,
    pub(crate) files: Vec<File>,
}

/// Reads a form; `None` when it is not one.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<Form> {
    let boundary = content_type.split("boundary=").nth(1)?.trim_matches('"');
    let separator = format!("--{boundary}");
    let mut form = Form::default();
    let mut rest = after(body, separator.as_bytes())?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let ending = format!("\r\n{separator}");
        let end = find(part, ending.as_bytes())?;
        let (part, remainder) = (part.get(..end)?, part.get(end + ending.len()..)?);
        let split = find(part, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(part.get(..split)?).into_owned();
        let bytes = part.get(split + 4..)?.to_vec();
        match (quoted(&head, "; name=")?, quoted(&head, "; filename=")) {
            (field, Some(name)) if field.starts_with("files[") => form.files.push(File { name, bytes }),
            (field, None) if field == "payload_json" => form.payload_json = Some(bytes),
            _ => return None,
        }
        rest = remainder;
    }
    rest.starts_with(b"--").then_some(form)
}

fn quoted(head: &str, key: &str) -> Option<String> {
    Some(head.split(key).nth(1)?.strip_prefix('"')?.split('"').next()?.to_owned())
}

fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    bytes.get(find(bytes, needle)? + needle.len()..)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
