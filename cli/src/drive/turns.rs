//! Turns at an address, so that no server gets more than a few connections at once, however many domains name it.

use core::net::IpAddr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out turns. An address is kept only while somebody has a turn there or waits for one.
#[derive(Debug)]
pub(crate) struct Turns {
    /// At one address at once, at least one.
    most: u16,
    addresses: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

impl Turns {
    /// At most so many turns at one address at once.
    pub(crate) fn new(most: u16) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            addresses: Mutex::default(),
        })
    }

    /// Waits for a turn, in the order of those who wait. It lasts until it is dropped.
    pub(super) async fn wait(self: &Arc<Self>, address: IpAddr) -> Turn {
        let address = address.to_canonical();
        // It is there before the wait, so that the address is let go of as well when nobody wants the turn any more.
        let mut turn = Turn {
            turns: Arc::clone(self),
            address,
            permit: None,
        };
        let new = || Arc::new(Semaphore::new(self.most.into()));
        let queue = Arc::clone(self.addresses().entry(address).or_insert_with(new));
        // It fails only for a semaphore that was closed, and nobody closes these.
        turn.permit = queue.acquire_owned().await.ok();
        turn
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn at an address.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    address: IpAddr,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut addresses = self.turns.addresses();
        self.permit = None;
        // Whoever has a turn or waits for one holds a copy.
        let queue = addresses.get(&self.address);
        if queue.is_some_and(|queue| Arc::strong_count(queue) == 1) {
            addresses.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;
    use core::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    async fn must_wait(turns: &Arc<Turns>, address: IpAddr) -> bool {
        timeout(Duration::from_millis(20), turns.wait(address))
            .await
            .is_err()
    }

    #[tokio::test]
    async fn the_third_at_an_address_waits_until_one_has_gone() {
        let turns = Turns::new(2);
        let first = turns.wait(A).await;
        let _second = turns.wait(A).await;
        assert!(must_wait(&turns, A).await);
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        assert!(must_wait(&turns, mapped.into()).await);
        assert!(!must_wait(&turns, B).await);
        drop(first);
        assert!(!must_wait(&turns, A).await);
    }

    #[tokio::test]
    async fn an_address_where_nobody_is_or_waits_is_forgotten() {
        let turns = Turns::new(1);
        let first = turns.wait(A).await;
        assert!(must_wait(&turns, A).await);
        assert_eq!(turns.addresses().len(), 1);
        let waiting = turns.wait(A);
        let ((), second) = tokio::join!(async { drop(first) }, waiting);
        assert_eq!(turns.addresses().len(), 1);
        drop(second);
        assert!(turns.addresses().is_empty());
    }
}
