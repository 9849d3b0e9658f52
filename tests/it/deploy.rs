//! The files for containers and services say what the program understands: checked here, because not everywhere is an engine
//! that could try them.

use alongside::{commands::Command, platform::Config, platform::config::KEYS};
use clap::Subcommand;
use serde_yaml::Value;
use std::collections::BTreeSet;

const COMPOSE: &str = include_str!("../../docker-compose.yml");
const DOCKERFILE: &str = include_str!("../../Dockerfile");
const README: &str = include_str!("../../README.md");

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_mapping().into_iter().flatten().map(|(key, _)| key.as_str().unwrap().to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_sequence().into_iter().flatten().map(|one| one.as_str().unwrap()).collect()
}

/// The names of the program's sub-commands.
fn commands() -> BTreeSet<String> {
    let all = Command::augment_subcommands(clap::Command::new("alongside"));
    all.get_subcommands().map(|one| one.get_name().to_owned()).collect()
}

/// Settings as the program reads them.
fn settings(pairs: impl IntoIterator<Item = (String, String)>) -> Config {
    Config::read(pairs).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

#[test]
fn the_compose_file_has_a_shape_that_its_engine_knows() {
    let file: Value = serde_yaml::from_str(COMPOSE).unwrap();
    assert_eq!(keys(&file), set(&["services", "volumes"]));
    let services = &file["services"];
    assert_eq!(keys(services), set(&["alongside", "database", "mail"]));
    let known =
        ["build", "image", "environment", "ports", "restart", "stop_grace_period", "volumes", "depends_on", "healthcheck"];
    let volumes = keys(&file["volumes"]);
    for name in keys(services) {
        let service = &services[name.as_str()];
        let used = keys(service);
        assert!(used.is_subset(&set(&known)), "{name}: {used:?}");
        assert!(used.contains("build") != used.contains("image"), "{name} is built or fetched");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        for volume in texts(&service["volumes"]) {
            let (volume, path) = volume.split_once(':').unwrap();
            assert!(volumes.contains(volume) && path.starts_with('/'), "{name}: {volume}");
        }
        for port in texts(&service["ports"]) {
            let parts: Vec<_> = port.split(':').collect();
            assert_eq!((parts.len(), parts[0]), (3, "127.0.0.1"), "{name}: what has no TLS is for this computer alone");
            assert!(parts[1..].iter().all(|part| part.parse::<u16>().is_ok()), "{port}");
        }
        if let Some(on) = service["depends_on"].as_mapping() {
            for (other, how) in on {
                let other = &services[other.as_str().unwrap()];
                assert!(!other.is_null(), "{name} waits for somebody who is not there");
                let healthy = how["condition"] == "service_healthy";
                assert!(!healthy || other["healthcheck"].is_mapping(), "{name} waits for a health that nobody looks at");
            }
        }
        if service["healthcheck"].is_mapping() {
            let check = &service["healthcheck"];
            assert!(keys(check).is_subset(&set(&["test", "interval", "timeout", "retries", "start_period"])));
            assert!(["CMD", "CMD-SHELL"].contains(&texts(&check["test"])[0]));
        }
    }
    let used: BTreeSet<String> = keys(services)
        .iter()
        .flat_map(|name| texts(&services[name.as_str()]["volumes"]))
        .map(|volume| volume.split_once(':').unwrap().0.to_owned())
        .collect();
    assert_eq!(used, volumes, "every volume is used");
}

#[test]
fn the_compose_file_sets_what_the_program_understands() {
    let file: Value = serde_yaml::from_str(COMPOSE).unwrap();
    let environment = file["services"]["alongside"]["environment"].as_mapping().unwrap().clone();
    let pairs = environment.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()));
    let config = settings(pairs);
    // The names of the services are the names of their computers.
    let database = &file["services"]["database"]["environment"];
    let (user, password) = (database["POSTGRES_USER"].as_str().unwrap(), database["POSTGRES_PASSWORD"].as_str().unwrap());
    assert_eq!(config.database_url, format!("postgres://{user}:{password}@database/{user}"));
    assert!(matches!(&config.mail, alongside::platform::config::MailWay::Smtp(url) if url == "smtp://mail:1025"));
    let port = config.public_url.rsplit(':').next().unwrap();
    assert_eq!(texts(&file["services"]["alongside"]["ports"]), [format!("127.0.0.1:{port}:8080")]);
    // The key outlives the container: the folder of the volume is where the program keeps it.
    assert_eq!(texts(&file["services"]["alongside"]["volumes"]), ["key:/var/lib/alongside/data"]);
    assert!(DOCKERFILE.contains("WORKDIR /var/lib/alongside\n"));
    assert!(config.secret_file.starts_with("./data"));
}

/// The instructions of the Dockerfile, lines that go on joined.
fn instructions() -> Vec<(String, String)> {
    let joined = DOCKERFILE.replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned())).unwrap()).collect()
}

#[test]
fn the_image_is_small_belongs_to_nobody_important_and_knows_whether_it_is_well() {
    let all = instructions();
    let known = ["FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "CMD", "HEALTHCHECK", "VOLUME"];
    assert!(all.iter().all(|(word, _)| known.contains(&word.as_str())), "{all:?}");
    let last = all.iter().rposition(|(word, _)| word == "FROM").unwrap();
    assert!(last > 0 && all[last].1.contains("-slim"), "what is built with stays behind");
    let runtime = &all[last..];
    let of = |word: &str| runtime.iter().filter(|(found, _)| found == word).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>();
    assert_eq!(of("USER"), ["alongside"]);
    assert!(of("RUN")[0].contains("useradd") && of("RUN")[0].contains("chown alongside"));
    let user = runtime.iter().position(|(word, _)| word == "USER").unwrap();
    assert!(
        runtime[user..].iter().all(|(word, _)| word != "RUN" && word != "COPY"),
        "nothing is made as somebody else after that"
    );
    for pair in of("ENV") {
        let (key, value) = pair.split_once('=').unwrap();
        settings([(key.to_owned(), value.to_owned())]);
        assert!(KEYS.iter().any(|known| format!("ALONGSIDE_{}", known.name) == key));
    }
    assert_eq!(of("EXPOSE"), ["8080"]);
    let told = |line: &str| {
        let list: Vec<String> = serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap();
        assert_eq!(list[0], "alongside");
        assert!(commands().contains(&list[1]), "{list:?}");
        list[1].clone()
    };
    assert_eq!(told(of("CMD")[0]), "serve");
    assert_eq!(told(of("HEALTHCHECK")[0]), "healthcheck");
    assert!(!DOCKERFILE.contains("curl"), "a tool that is not there cannot be used");
}

#[test]
fn the_readme_names_commands_and_settings_that_exist() {
    let known = commands();
    let words =
        README.split("alongside ").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next());
    let typed: BTreeSet<&str> = README
        .lines()
        .filter(|line| line.starts_with("    alongside ") || line.starts_with("ExecStart="))
        .filter_map(|line| line.split("alongside ").nth(1)?.split_whitespace().next())
        .collect();
    assert!(words.count() > typed.len());
    for word in &typed {
        assert!(known.contains(*word), "{word}");
    }
    for word in ["backup", "restore", "letters", "export-organisation", "import-organisation", "serve"] {
        assert!(typed.contains(word), "{word} is shown");
    }
    let unit = README.split("```ini\n").nth(1).unwrap().split("```").next().unwrap();
    let pairs = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).map(|pair| {
        let (key, value) = pair.trim_matches('"').split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    });
    // The secret one comes from the other file.
    let secret = ("ALONGSIDE_SMTP_URL".to_owned(), "smtps://user:password@mail.example".to_owned());
    assert!(README.contains(&format!("`{}={}`", secret.0, secret.1)));
    settings(pairs.chain([secret]));
    for section in ["[Unit]", "[Service]", "[Install]"] {
        assert!(unit.contains(section));
    }
    assert!(unit.contains("DynamicUser=yes") && !unit.contains("User=root"));
}

/// The table of settings in the README names every setting there is, in the program's order, with its default.
#[test]
fn the_readme_lists_every_setting_with_its_default() {
    let rows = README.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `ALONGSIDE_")?.split('|');
        let (name, default) = (cells.next()?, cells.next()?);
        Some((name.trim_matches(['`', ' ']).to_owned(), default.trim_matches(['`', ' ']).to_owned()))
    });
    let known = KEYS.iter().map(|key| (key.name.to_owned(), key.default.to_owned()));
    assert_eq!(rows.collect::<Vec<_>>(), known.collect::<Vec<_>>());
}
