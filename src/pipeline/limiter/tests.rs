//! The account of a key under a manual clock.

use super::*;

fn limiter(limit: u32, seconds: u64) -> Arc<Limiter> {
    Arc::new(Limiter::new(limit, Duration::from_secs(seconds)))
}

async fn take(limiter: &Arc<Limiter>) {
    limiter.acquire(None, |_| {}).await.unwrap().spend();
}

fn reply(limit: u32, remaining: u32, resets_in: f64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit", limit.into());
    headers.insert("x-ratelimit-remaining", remaining.into());
    headers.insert("retry-after", resets_in.to_string().parse().unwrap());
    headers
}

#[tokio::test(start_paused = true)]
async fn a_window_is_spent_at_once_and_then_waited_out() {
    let limiter = limiter(3, 60);
    let start = Instant::now();
    for _ in 0..3 {
        take(&limiter).await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_window_is_learnt_from_replies() {
    let limiter = limiter(240, 60);
    let start = Instant::now();
    take(&limiter).await;
    limiter.observe(&reply(2, 1, 7.5));
    take(&limiter).await;
    take(&limiter).await;
    assert_eq!(start.elapsed().as_millis(), 7500);
}

#[tokio::test(start_paused = true)]
async fn what_others_spent_is_not_spent_again() {
    let limiter = limiter(10, 60);
    let start = Instant::now();
    take(&limiter).await;
    limiter.observe(&reply(10, 1, 30.0));
    take(&limiter).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn an_unused_permit_gives_its_call_back() {
    let limiter = limiter(1, 60);
    let start = Instant::now();
    drop(limiter.acquire(None, |_| {}).await.unwrap());
    let mut permit = limiter.acquire(None, |_| {}).await.unwrap();
    permit.spend();
    permit.refund();
    take(&limiter).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_given_back_to_its_own_window_only() {
    let limiter = limiter(1, 60);
    let late = limiter.acquire(None, |_| {}).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    let start = Instant::now();
    take(&limiter).await;
    drop(late);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_fails_at_once() {
    let limiter = limiter(1, 60);
    take(&limiter).await;
    let start = Instant::now();
    let deadline = Some(start + Duration::from_secs(5));
    let refused = limiter.acquire(deadline, |_| {}).await.unwrap_err();
    assert_eq!(refused.wait.as_secs(), 60);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_freeze_holds_everybody_back() {
    let limiter = limiter(100, 60);
    let start = Instant::now();
    limiter.freeze(Duration::from_secs(12));
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 12);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_the_order_they_came() {
    let limiter = limiter(1, 10);
    take(&limiter).await;
    let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..5 {
        let (limiter, sender) = (Arc::clone(&limiter), sender.clone());
        tokio::spawn(async move {
            take(&limiter).await;
            sender.send(n).unwrap();
        });
        tokio::task::yield_now().await;
    }
    drop(sender);
    let mut served = Vec::new();
    while let Some(n) = order.recv().await {
        served.push(n);
    }
    assert_eq!(served, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_does_not_hold_up_the_queue() {
    let limiter = limiter(1, 10);
    take(&limiter).await;
    let start = Instant::now();
    let mut first = Box::pin(limiter.acquire(None, |_| {}));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut first)
            .await
            .is_err()
    );
    drop(first);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[test]
fn clients_of_one_key_and_host_share_an_account() {
    let rate = RateLimit::default();
    let a = Limiter::shared(b"k1", "h", rate).unwrap();
    let b = Limiter::shared(b"k1", "h", rate).unwrap();
    let c = Limiter::shared(b"k2", "h", rate).unwrap();
    assert!(Arc::ptr_eq(&a, &b));
    assert!(!Arc::ptr_eq(&a, &c));
    assert!(Limiter::shared(b"k1", "h", RateLimit::off()).is_none());
}
