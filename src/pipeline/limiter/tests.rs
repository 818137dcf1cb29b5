//! The limiter by itself, under a manual clock.

use http::HeaderMap;

use super::*;

fn limiter(limit: u32, seconds: u64) -> Arc<Limiter> {
    Arc::new(Limiter::new(limit, Duration::from_secs(seconds)))
}

async fn permit(limiter: &Arc<Limiter>) -> Permit {
    let mut permit = limiter.acquire(None, |_| {}).await.unwrap();
    permit.spend();
    permit
}

/// A call whose reply tells nothing.
async fn take(limiter: &Arc<Limiter>) {
    permit(limiter).await.answered(None);
}

fn report(limit: u32, remaining: u32, resets_in: f64) -> Report {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit", limit.into());
    headers.insert("x-ratelimit-remaining", remaining.into());
    headers.insert("retry-after", format!("{resets_in:.3}").parse().unwrap());
    Report::read(&headers).unwrap()
}

/// How many calls may go now, each left in flight.
async fn allowed(limiter: &Arc<Limiter>) -> Vec<Permit> {
    let mut permits = Vec::new();
    while let Some(mut permit) = limiter.take_if_nobody_waits() {
        permit.spend();
        permits.push(permit);
        assert!(permits.len() <= 1000, "no end of calls");
    }
    permits
}

#[tokio::test(start_paused = true)]
async fn the_first_call_goes_alone_and_the_others_on_its_reply() {
    let limiter = limiter(240, 60);
    let first = permit(&limiter).await;
    assert!(allowed(&limiter).await.is_empty());
    first.answered(Some(&report(240, 3, 30.0)));
    assert_eq!(allowed(&limiter).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_call_holds_the_others_for_a_second_only() {
    let limiter = limiter(5, 60);
    let start = Instant::now();
    let _slow = permit(&limiter).await;
    let _second = permit(&limiter).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(allowed(&limiter).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_tells_nothing_is_held_to_the_configuration() {
    let limiter = limiter(3, 60);
    let start = Instant::now();
    for _ in 0..3 {
        take(&limiter).await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

/// A limiter that has seen a spent window of ten seconds come back at once, at its beginning.
async fn proven(limit: u32) -> Arc<Limiter> {
    let limiter = limiter(limit, 10);
    for left in (0..limit).rev() {
        take_told(&limiter, limit, left, 10.0).await;
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    take_told(&limiter, limit, limit - 1, 10.0).await;
    limiter
}

#[tokio::test(start_paused = true)]
async fn calls_in_flight_over_the_end_of_a_window_count_in_the_next() {
    let limiter = proven(10).await;
    let crossing = [permit(&limiter).await, permit(&limiter).await];
    tokio::time::advance(Duration::from_secs(10)).await;
    let mut at_once = allowed(&limiter).await;
    assert_eq!(at_once.len(), 8);
    // Their replies tell in which window they were counted: one in each.
    let [before, after] = crossing;
    before.answered(Some(&report(10, 8, 0.0)));
    at_once.extend(allowed(&limiter).await);
    assert_eq!(at_once.len(), 9);
    after.answered(Some(&report(10, 9, 10.0)));
    assert_eq!(allowed(&limiter).await.len(), 0);
}

async fn take_told(limiter: &Arc<Limiter>, limit: u32, remaining: u32, resets_in: f64) {
    let told = report(limit, remaining, resets_in);
    permit(limiter).await.answered(Some(&told));
}

#[tokio::test(start_paused = true)]
async fn the_second_window_is_spent_only_once_it_is_seen_to_be_whole() {
    for (remaining, resets_in, expected) in [(19, 10.0, 19), (0, 0.4, 0)] {
        let limiter = limiter(20, 10);
        for left in (0..20).rev() {
            take_told(&limiter, 20, left, 10.0).await;
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        let mut first = allowed(&limiter).await;
        assert!(!first.is_empty());
        // A fixed window gives everything back at once, a sliding one does not.
        let told = report(20, remaining, resets_in);
        first.pop().unwrap().answered(Some(&told));
        let now = allowed(&limiter).await.len();
        assert_eq!(now, expected - first.len().min(expected), "{remaining}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unused_permit_gives_its_call_back() {
    let limiter = limiter(1, 60);
    let start = Instant::now();
    drop(limiter.acquire(None, |_| {}).await.unwrap());
    permit(&limiter).await.refund();
    take(&limiter).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_permit_whose_call_was_dropped_on_its_way_is_spent() {
    let limiter = limiter(1, 60);
    let start = Instant::now();
    drop(permit(&limiter).await);
    take(&limiter).await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_the_deadline_fails_at_once_whatever_the_place() {
    let limiter = limiter(1, 60);
    take(&limiter).await;
    let start = Instant::now();
    let deadline = |seconds| Some(start + Duration::from_secs(seconds));
    let refused = limiter.acquire(deadline(59), |_| {}).await.unwrap_err();
    assert_eq!(refused.wait.as_secs(), 60);
    let mut first = Box::pin(limiter.acquire(deadline(61), |_| {}));
    assert!(futures_util::poll!(&mut first).is_pending());
    let refused = limiter.acquire(deadline(61), |_| {}).await.unwrap_err();
    assert_eq!(refused.wait.as_secs(), 120);
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(first);
    limiter.acquire(deadline(61), |_| {}).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_freeze_sends_home_who_cannot_outwait_it() {
    let limiter = limiter(10, 60);
    take_told(&limiter, 10, 1, 20.0).await;
    let refused = permit(&limiter).await;
    let start = Instant::now();
    let deadline = |seconds| Some(start + Duration::from_secs(seconds));
    let short = limiter.acquire(deadline(25), |_| {});
    let long = limiter.acquire(deadline(60), |_| {});
    tokio::pin!(short, long);
    assert!(futures_util::poll!(&mut short).is_pending());
    assert!(futures_util::poll!(&mut long).is_pending());
    refused.refused(Some(&report(10, 0, 40.0)), Duration::from_secs(40));
    assert_eq!(short.await.unwrap_err().wait.as_secs(), 40);
    assert_eq!(start.elapsed(), Duration::ZERO);
    long.await.unwrap().refund();
    assert_eq!(start.elapsed().as_secs(), 40);
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

/// Drops the waiter at each place after each thing that can have woken it, and checks that
/// whoever stays is served as if it had never been there.
#[tokio::test(start_paused = true)]
async fn a_waiter_may_be_dropped_anywhere() {
    for place in 0..3 {
        for woken in [false, true] {
            let limiter = limiter(1, 10);
            take(&limiter).await;
            let start = Instant::now();
            let mut waiters: Vec<_> = (0..3)
                .map(|_| Box::pin(limiter.acquire(None, |_| {})))
                .collect();
            for waiter in &mut waiters {
                assert!(futures_util::poll!(waiter).is_pending());
            }
            if woken {
                // The call is there, and whoever is first has been told but has not looked.
                tokio::time::advance(Duration::from_secs(10)).await;
                limiter.state().changed();
            }
            drop(waiters.remove(place));
            for (number, waiter) in (1_u64..).zip(waiters) {
                waiter.await.unwrap().answered_at_once();
                assert_eq!(start.elapsed().as_secs(), number * 10, "{place} {woken}");
            }
            assert!(limiter.state().queue.is_empty());
        }
    }
}

impl Permit {
    fn answered_at_once(mut self) {
        self.spend();
        self.answered(None);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_shares_a_key_leaves_the_others_room() {
    let limiter = limiter(240, 60);
    take_told(&limiter, 240, 239, 60.0).await;
    // Alone, everything may go; here somebody else has made 40 calls since.
    take_told(&limiter, 240, 198, 59.0).await;
    let in_flight = allowed(&limiter).await.len();
    assert!((1..60).contains(&in_flight), "{in_flight}");
}

#[tokio::test(start_paused = true)]
async fn calls_made_before_the_first_look_are_nobody_to_leave_room_for() {
    let limiter = limiter(240, 60);
    take_told(&limiter, 240, 9, 30.0).await;
    assert_eq!(allowed(&limiter).await.len(), 9);
}
