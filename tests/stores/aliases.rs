//! The aliases of the process, in processes of their own, whose environment configures them.

use std::path::Path;
use std::process::{Command, Output};

use cache_core::store::{Cache, ConfigErrorKind, caches};
use cache_core::testing::Scope;

use super::Folder;

/// What a process is to do that this test has started.
const TASK: &str = "CACHE_CORE_TEST_TASK";

/// Starts this program anew, in a folder, with variables.
fn start(task: &str, folder: &Path, variables: &[(&str, &str)]) -> Output {
    let mut itself = Command::new(std::env::current_exe().unwrap());
    itself.args(["--exact", "aliases::the_task_of_a_process", "--nocapture"]).current_dir(folder);
    itself.env_remove("CACHE_CORE_CONFIG").env_remove("CACHE_CORE_URL").env(TASK, task);
    itself.envs(variables.iter().copied());
    itself.output().unwrap()
}

fn succeeds(task: &str, folder: &Path, variables: &[(&str, &str)]) {
    let output = start(task, folder, variables);
    let told = String::from_utf8_lossy(&output.stderr);
    let done = String::from_utf8_lossy(&output.stdout).contains(&format!("did {task}"));
    assert!(output.status.success() && done, "{task}: {told}");
}

fn get(alias: &str) -> Cache {
    caches().get(alias).unwrap()
}

/// Does nothing, unless it runs in such a process.
#[test]
fn the_task_of_a_process() {
    let Ok(task) = std::env::var(TASK) else { return };
    match task.as_str() {
        "write" => {
            get("pages").insert("greeting", &"hello").wait().unwrap();
            get("default").insert("greeting", &"hello").wait().unwrap();
        }
        "read" => {
            assert_eq!(get("pages").get("greeting").wait().unwrap(), Some("hello".to_owned()));
            assert_eq!(get("default").get::<String>("greeting").wait().unwrap(), None, "it was in memory");
            assert_eq!(caches().aliases(), ["default", "pages"]);
        }
        "read nothing" => assert_eq!(get("pages").get::<String>("greeting").wait().unwrap(), None),
        "use a scope" => {
            let inside = Scope::new();
            let entered = inside.enter();
            assert_eq!(caches().aliases(), [""; 0]);
            assert_eq!(caches().get("default").unwrap_err().kind(), ConfigErrorKind::UnknownAlias);
            drop(entered);
            assert_eq!(caches().aliases(), ["default"]);
        }
        "meet a mistake" => {
            let error = caches().get("default").unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::WrongValue);
            let shown = "CACHE_CORE_CONFIG: alias `default`, field `signing_keys`: key 1, the value of the variable \
                         `SHOP_KEY`, has 2 bytes; it needs at least 32";
            assert_eq!(error.to_string(), shown);
            caches().configure(r#"{ "default": { "url": "memory:" } }"#).unwrap();
            get("default");
        }
        other => panic!("there is no task {other}"),
    }
    println!("did {task}");
}

#[test]
fn a_file_in_the_environment_configures_a_process_and_its_values_outlive_it() {
    let folder = Folder::new();
    let config = r#"{ "pages": { "url": "disk:cache.redb", "signing_keys": ["env:SHOP_KEY"] } }"#;
    std::fs::write(folder.path("caches.json"), config).unwrap();
    let elsewhere = Folder::new();
    let file = folder.path("caches.json");
    let key = format!("hex:{}", "0f".repeat(32));
    let variables = |key| {
        [("CACHE_CORE_CONFIG", file.to_str().unwrap()), ("CACHE_CORE_URL", "memory:"), ("SHOP_KEY", key)]
    };
    succeeds("write", &elsewhere.path("."), &variables(&key));
    assert!(folder.path("cache.redb").exists(), "it is beside the configuration");
    succeeds("read", &elsewhere.path("."), &variables(&key));
    let other = format!("hex:{}", "f0".repeat(32));
    succeeds("read nothing", &elsewhere.path("."), &variables(&other));
}

#[test]
fn a_text_in_the_environment_begins_at_the_working_directory() {
    let folder = Folder::new();
    let text = r#"{ "pages": { "url": "disk:data/cache.redb" } }"#;
    let variables = [("CACHE_CORE_CONFIG", text), ("CACHE_CORE_URL", "memory:?ttl=1h")];
    succeeds("write", &folder.path("."), &variables);
    assert!(folder.path("data/cache.redb").exists());
    succeeds("read", &folder.path("."), &variables);
}

#[test]
fn test_scopes_do_not_look_at_the_environment() {
    let folder = Folder::new();
    succeeds("use a scope", &folder.path("."), &[("CACHE_CORE_CONFIG", ""), ("CACHE_CORE_URL", "memory:")]);
}

#[test]
fn a_mistake_in_the_environment_is_told_where_it_is_needed() {
    let folder = Folder::new();
    let text = r#"{ "default": { "url": "memory:", "signing_keys": ["env:SHOP_KEY"] } }"#;
    succeeds("meet a mistake", &folder.path("."), &[("CACHE_CORE_CONFIG", text), ("SHOP_KEY", "hex:0102")]);
}
