use std::pin::pin;

use futures_util::FutureExt;

use super::*;

fn put(tx: &Transaction<'_>, key: &str) -> Result<(), StoreError> {
    tx.execute("INSERT INTO meta (key, value) VALUES (?1, '')", [key])?;
    Ok(())
}

async fn keys(store: &Store) -> Vec<String> {
    store
        .read(|conn| {
            let mut rows = conn.prepare("SELECT key FROM meta ORDER BY key")?;
            let keys = rows
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok::<_, StoreError>(keys)
        })
        .await
        .unwrap()
}

fn both(dir: &tempfile::TempDir) -> [Store; 2] {
    [
        Store::ephemeral().unwrap(),
        Store::durable(&dir.path().join("store.db")).unwrap(),
    ]
}

#[tokio::test]
async fn a_failing_or_panicking_job_takes_back_only_its_own_changes() {
    let dir = tempfile::tempdir().unwrap();
    for store in both(&dir) {
        let (good, bad, panic, later) = tokio::join!(
            store.write(|tx| put(tx, "good")),
            store.write(|tx| {
                put(tx, "bad")?;
                Err::<(), _>(StoreError::Unusable("no".into()))
            }),
            store.write(|tx| -> Result<(), StoreError> {
                put(tx, "panic")?;
                panic!("expected by the test")
            }),
            store.write(|tx| put(tx, "later")),
        );
        assert_eq!(good, Ok(()));
        assert_eq!(bad, Err(StoreError::Unusable("no".into())));
        assert_eq!(panic, Err(StoreError::Panicked));
        assert_eq!(later, Ok(()));
        assert_eq!(keys(&store).await, ["good", "later"]);
    }
}

#[tokio::test]
async fn a_read_cannot_change_anything() {
    let dir = tempfile::tempdir().unwrap();
    for store in both(&dir) {
        let refused = store
            .read(|conn| {
                conn.execute("INSERT INTO meta (key, value) VALUES ('x', '')", [])?;
                Ok::<_, StoreError>(())
            })
            .await;
        assert!(
            matches!(refused, Err(StoreError::Sqlite(_) | StoreError::ReadOnly)),
            "{refused:?}"
        );
        assert!(keys(&store).await.is_empty());
        // The next write is not affected by the refusal.
        store.write(|tx| put(tx, "y")).await.unwrap();
        assert_eq!(keys(&store).await, ["y"]);
    }
}

#[tokio::test]
async fn an_answered_write_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.db");
    let store = Store::durable(&file).unwrap();
    store.write(|tx| put(tx, "kept")).await.unwrap();
    drop(store);
    assert_eq!(keys(&Store::durable(&file).unwrap()).await, ["kept"]);
}

#[tokio::test]
async fn a_file_of_another_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.db");
    Connection::open(&file)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        Store::durable(&file),
        Err(StoreError::Unusable(_))
    ));
}

#[tokio::test]
async fn a_reset_leaves_an_empty_schema_and_the_identity() {
    let dir = tempfile::tempdir().unwrap();
    for store in both(&dir) {
        store
            .write(|tx| {
                put(tx, "team_id")?;
                tx.execute_batch(
                    "INSERT INTO sources VALUES (NULL, 'src_1', 's', NULL, 'WEBHOOK', '{}', NULL, NULL, 1, 1);
                     INSERT INTO destinations VALUES (NULL, 'des_1', 'd', NULL, 'HTTP', '{}', NULL, NULL, 1, 1);
                     INSERT INTO connections (id, source_id, destination_id, created_at, updated_at)
                         VALUES ('web_1', 'src_1', 'des_1', 1, 1);",
                )?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        store.reset(|_| Ok(())).await.unwrap();
        let rows: i64 = store
            .read(|conn| {
                Ok::<_, StoreError>(conn.query_row(
                    "SELECT (SELECT count(*) FROM sources) + (SELECT count(*) FROM connections)",
                    [],
                    |row| row.get(0),
                )?)
            })
            .await
            .unwrap();
        assert_eq!(rows, 0);
        assert_eq!(keys(&store).await, ["team_id"]);
    }
}

#[tokio::test]
async fn concurrent_writers_share_commits_and_all_land() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::durable(&dir.path().join("store.db")).unwrap();
    let jobs = (0..500).map(|n| {
        let store = store.clone();
        async move { store.write(move |tx| put(tx, &format!("{n:04}"))).await }
    });
    for result in futures_util::future::join_all(jobs).await {
        assert_eq!(result, Ok(()));
    }
    assert_eq!(keys(&store).await.len(), 500);
}

#[tokio::test]
async fn a_committed_change_wakes_even_when_nobody_waits_for_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    for store in both(&dir) {
        let mut wakes = store.wakes().subscribe();
        let before = *wakes.borrow_and_update();
        // While this holds the writer, nothing else is answered.
        let (release, held) = std::sync::mpsc::channel();
        let mut busy = pin!(store.write(move |_| {
            held.recv().unwrap();
            Ok::<_, StoreError>(())
        }));
        assert!(busy.as_mut().now_or_never().is_none());
        // Handed in by the first poll, and then given up.
        let answer = store.change(|tx| put(tx, "given up")).now_or_never();
        assert!(answer.is_none());
        release.send(()).unwrap();
        busy.await.unwrap();
        wakes.changed().await.unwrap();
        assert_eq!(*wakes.borrow(), before + 1);
        assert_eq!(keys(&store).await, ["given up"]);
    }
}

#[tokio::test]
async fn what_changes_nothing_and_what_the_engine_writes_itself_wake_nobody() {
    let dir = tempfile::tempdir().unwrap();
    for store in both(&dir) {
        let before = store.wakes().last();
        store.write(|tx| put(tx, "own")).await.unwrap();
        store.change(|_| Ok::<_, StoreError>(())).await.unwrap();
        let failed = store.change(|tx| {
            put(tx, "taken back")?;
            Err::<(), _>(StoreError::Unusable("no".into()))
        });
        failed.await.unwrap_err();
        assert_eq!(store.wakes().last(), before);
        store.change(|tx| put(tx, "change")).await.unwrap();
        assert_eq!(store.wakes().last(), before + 1);
    }
}
