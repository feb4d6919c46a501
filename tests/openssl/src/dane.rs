//! The functions of OpenSSL for DANE and what goes with them, which the `openssl` crates do not declare, behind safe ones.
//!
//! This is the only file of the package with unsafe code.
#![expect(unsafe_code, reason = "calls into libssl")]

use std::ffi::{CString, c_char, c_int, c_ulong, c_void};
use std::ptr;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::ssl::{SslContextBuilder, SslRef};
use openssl::stack::StackRef;
use openssl::x509::store::X509StoreRef;
use openssl::x509::{self, X509Ref, X509StoreContext};
use openssl_sys::{
    EVP_PKEY, SSL, SSL_CTX, SSL_get0_param, X509, X509_STORE_CTX, X509_VERIFY_PARAM,
};

/// `DANE_FLAG_NO_DANE_EE_NAMECHECKS` of `openssl/x509_vfy.h`.
const NO_DANE_EE_NAMECHECKS: c_ulong = 1;

// Declarations as in openssl/ssl.h, openssl/x509.h and openssl/x509_vfy.h of OpenSSL 3.0. Nobody but OpenSSL looks into an
// SSL_DANE or an X509_PUBKEY, hence `c_void`.
unsafe extern "C" {
    fn SSL_CTX_dane_enable(context: *mut SSL_CTX) -> c_int;
    fn SSL_dane_enable(ssl: *mut SSL, base_domain: *const c_char) -> c_int;
    fn SSL_dane_set_flags(ssl: *mut SSL, flags: c_ulong) -> c_ulong;
    fn SSL_dane_tlsa_add(
        ssl: *mut SSL,
        usage: u8,
        selector: u8,
        matching: u8,
        data: *const u8,
        length: usize,
    ) -> c_int;
    fn SSL_add1_host(ssl: *mut SSL, name: *const c_char) -> c_int;
    fn SSL_get0_dane_authority(
        ssl: *mut SSL,
        certificate: *mut *mut X509,
        key: *mut *mut EVP_PKEY,
    ) -> c_int;
    fn SSL_get0_dane_tlsa(
        ssl: *mut SSL,
        usage: *mut u8,
        selector: *mut u8,
        matching: *mut u8,
        data: *mut *const u8,
        length: *mut usize,
    ) -> c_int;
    fn SSL_get0_dane(ssl: *mut SSL) -> *mut c_void;
    fn X509_STORE_CTX_set0_dane(context: *mut X509_STORE_CTX, dane: *mut c_void);
    fn X509_STORE_CTX_set_default(context: *mut X509_STORE_CTX, name: *const c_char) -> c_int;
    fn X509_STORE_CTX_get0_param(context: *mut X509_STORE_CTX) -> *mut X509_VERIFY_PARAM;
    fn X509_VERIFY_PARAM_set1(to: *mut X509_VERIFY_PARAM, from: *const X509_VERIFY_PARAM) -> c_int;
    fn X509_get_X509_PUBKEY(certificate: *const X509) -> *mut c_void;
    fn i2d_X509_PUBKEY(key: *const c_void, out: *mut *mut u8) -> c_int;
}

/// Lets the connections of this context use DANE.
pub fn enable_for(context: &mut SslContextBuilder) {
    // SAFETY: the pointer is that of a live SSL_CTX, which nothing else uses now.
    let done = unsafe { SSL_CTX_dane_enable(context.as_ptr()) };
    assert!(done > 0, "SSL_CTX_dane_enable");
}

/// Turns DANE on for one connection. As RFC 7672 §3.1.1 demands, a record of usage 3 suffices whatever the names.
pub fn enable(ssl: &mut SslRef, base_domain: &str) {
    let base_domain = CString::new(base_domain).expect("a name without NUL");
    // SAFETY: the pointer is that of a live SSL, borrowed by us alone; the name ends in NUL and is copied.
    let done = unsafe { SSL_dane_enable(ssl.as_ptr(), base_domain.as_ptr()) };
    assert!(done > 0, "SSL_dane_enable");
    // SAFETY: as above.
    unsafe { SSL_dane_set_flags(ssl.as_ptr(), NO_DANE_EE_NAMECHECKS) };
}

/// Adds a reference identifier to the base domain.
pub fn add_name(ssl: &mut SslRef, name: &str) {
    let name = CString::new(name).expect("a name without NUL");
    // SAFETY: the pointer is that of a live SSL, borrowed by us alone; the name ends in NUL and is copied.
    let done = unsafe { SSL_add1_host(ssl.as_ptr(), name.as_ptr()) };
    assert!(done > 0, "SSL_add1_host");
}

/// Adds a TLSA record; whether libssl finds it usable.
pub fn add_record(ssl: &mut SslRef, rdata: &[u8]) -> bool {
    let Some((&[usage, selector, matching], data)) = rdata.split_first_chunk::<3>() else {
        return false;
    };
    // SAFETY: the pointer is that of a live SSL, borrowed by us alone; the data is as long as is said, and is copied.
    let added = unsafe {
        SSL_dane_tlsa_add(
            ssl.as_ptr(),
            usage,
            selector,
            matching,
            data.as_ptr(),
            data.len(),
        )
    };
    assert!(added >= 0, "SSL_dane_tlsa_add");
    added > 0
}

/// After a handshake that was authenticated: how far above the server's certificate the match is, and the record.
pub fn matched(ssl: &SslRef) -> Option<(usize, Vec<u8>)> {
    // SAFETY: the pointer is that of a live SSL; libssl only reads it here. Null says that the results are not wanted.
    let depth = unsafe { SSL_get0_dane_authority(ssl.as_ptr(), ptr::null_mut(), ptr::null_mut()) };
    let depth = usize::try_from(depth).ok()?;
    let [mut usage, mut selector, mut matching] = [0; 3];
    let (mut data, mut length) = (ptr::null(), 0);
    // SAFETY: as above; all results go into variables of the right types.
    let found = unsafe {
        SSL_get0_dane_tlsa(
            ssl.as_ptr(),
            &mut usage,
            &mut selector,
            &mut matching,
            &mut data,
            &mut length,
        )
    };
    if found < 0 || data.is_null() {
        return None;
    }
    // SAFETY: libssl says that so many octets stand there, and they stay as long as the SSL, which outlives the slice.
    let data = unsafe { std::slice::from_raw_parts(data, length) };
    Some((depth, [&[usage, selector, matching], data].concat()))
}

/// Verifies a server's certificates as libssl does in a handshake of this connection, which need not take place.
pub fn verify(
    ssl: &mut SslRef,
    authorities: &X509StoreRef,
    leaf: &X509Ref,
    sent: &StackRef<x509::X509>,
) -> Result<bool, ErrorStack> {
    let mut context = X509StoreContext::new()?;
    context.init(authorities, leaf, sent, |context| {
        // SAFETY: both pointers are those of a live SSL and a live context, which we alone have borrowed. The context keeps the
        // SSL_DANE, which is a part of the SSL, and uses it no more when `init` is left; the SSL stays borrowed until then. The
        // name ends in NUL, and the parameters of the SSL are copied into those of the context, neither of which is ever null.
        let done = unsafe {
            let context = context.as_ptr();
            X509_STORE_CTX_set0_dane(context, SSL_get0_dane(ssl.as_ptr()));
            X509_STORE_CTX_set_default(context, c"ssl_server".as_ptr()) > 0
                && X509_VERIFY_PARAM_set1(
                    X509_STORE_CTX_get0_param(context),
                    SSL_get0_param(ssl.as_ptr()),
                ) > 0
        };
        assert!(done, "the parameters of a verification");
        context.verify_cert()
    })
}

/// The public key of a certificate with its algorithm, in DER: what selector 1 picks.
pub fn public_key_info(certificate: &X509Ref) -> Vec<u8> {
    // SAFETY: the pointer is that of a live X509, which is only read; so is the key within it. A null in place of the buffer asks
    // for the length alone.
    let length =
        unsafe { i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.as_ptr()), ptr::null_mut()) };
    let mut octets = vec![0; usize::try_from(length).expect("a public key")];
    let mut end = octets.as_mut_ptr();
    // SAFETY: as above, and the buffer has just the room that the same key was said to need.
    let written = unsafe { i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.as_ptr()), &mut end) };
    assert_eq!(written, length, "i2d_X509_PUBKEY");
    octets
}
