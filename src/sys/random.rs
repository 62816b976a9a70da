//! Random bits of the kernel.

/// So many random bytes.
///
/// # Errors
/// Where the kernel gives none; nothing may be made without them.
pub fn bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bits = [0; N];
    getrandom::fill(&mut bits).map_err(std::io::Error::other)?;
    Ok(bits)
}
