//! The proof that `smtp-dane` needs `core` and `alloc` alone.
//!
//! A program has exactly one panic handler. This one brings its own, so if any crate below linked `std`, which has one, too,
//! the compiler would refuse with "found duplicate lang item `panic_impl`". A whole delivery is run, so that nothing is left out
//! for being unused.
#![no_std]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use smtp_dane::Policy;
use smtp_dane::delivery::{Delivery, Event, Step};
use smtp_dane::dns::{Answer, Trust};
use smtp_dane::resolve::NextHop;

/// Runs a delivery until it wants more than a DNS answer; returns whether it got to an end.
#[unsafe(no_mangle)]
pub extern "C" fn smtp_dane_deliver(octets: *const u8, length: usize) -> bool {
    // SAFETY: the caller hands over a valid slice. Nobody does: this library is linked and never run.
    let message = unsafe { core::slice::from_raw_parts(octets, length) };
    let Ok(domain) = "example.com".parse() else {
        return false;
    };
    let mut delivery = Delivery::new(NextHop::domain(domain), Policy::default(), 1);
    while let Step::Lookup([query, ..]) = delivery.step() {
        let answer = Answer::from_message(query.question(), 0, message, Trust::AdBit);
        let id = query.id();
        let handled = answer.map(|answer| delivery.handle(Event::Answer(id, answer)));
        if !matches!(handled, Ok(Ok(()))) {
            return false;
        }
    }
    matches!(delivery.step(), Step::Done(_))
}

struct NoMemory;

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

// SAFETY: an allocator that always fails breaks no promise.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
