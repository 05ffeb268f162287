//! A network of its own for a test: there any address may lie on `lo`, every port is free, and nothing leads out.
//!
//! The test runs itself again in a fresh network namespace; where the machine lets nobody make one it says that nothing
//! was tested.

use std::process::Command;

use super::Builder;

/// Says that this process is in the namespace.
const INSIDE: &str = "MAILMEDIC_TEST_IN_NAMESPACE";

/// Runs `inside` where all these addresses are this machine's; `test` is the whole name of the test that calls this.
pub(crate) fn run<F: Future<Output = ()>>(test: &str, addresses: &[&str], inside: impl FnOnce() -> F) {
    if std::env::var_os(INSIDE).is_some() {
        return Builder::new_current_thread().enable_all().build().unwrap().block_on(inside());
    }
    let Some(unshare) = [&["-n"][..], &["-Urn"]].into_iter().find(|flags| permitted(flags)) else {
        eprintln!("NOT TESTED: this machine lets nobody make a network namespace (`unshare -n`, `unshare -Urn`)");
        return;
    };
    let added: String = addresses
        .iter()
        .filter(|address| !matches!(**address, "127.0.0.1" | "::1"))
        .map(|address| {
            let length = if address.contains(':') { "128 nodad" } else { "32" };
            ["ip addr add dev lo ", address, "/", length, " && "].concat()
        })
        .collect();
    let output = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-c", &format!("ip link set lo up && {added} exec \"$0\" --exact {test} --nocapture")])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

fn permitted(flags: &[&str]) -> bool {
    Command::new("unshare").args(flags).arg("true").output().is_ok_and(|output| output.status.success())
}
