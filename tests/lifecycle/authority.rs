//! A certificate authority of the tests' own: certificates for servers and callers as
//! PEM files, and who trusts them.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertificateSigningRequestParams, DnType,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer, PrivateKeyDer};

/// An authority.
pub struct Authority {
    /// Its own certificate.
    pub certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key.
pub struct Issued {
    /// The certificate in PEM.
    pub certificate: String,
    /// Its key in PEM.
    pub key: String,
    /// The certificate as it is sent.
    pub der: CertificateDer<'static>,
    serial: SerialNumber,
}

impl Authority {
    /// A new one.
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority { certificate: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// Its own certificate in PEM.
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// Its revocation list, with these on it.
    pub fn revoke(&self, gone: &[&Issued]) -> String {
        let revoked = gone.iter().map(|issued| RevokedCertParams {
            serial_number: issued.serial.clone(),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2099, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    /// A certificate for these names.
    pub fn issue(&self, common: &str, names: &[&str]) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, common);
        let key = KeyPair::generate().expect("a key");
        let mut serial = [0; 8];
        aws_lc_rs::rand::fill(&mut serial).expect("chance");
        // A first bit of one would make it a negative number.
        serial[0] = serial[0] & 0x3f | 0x40;
        let serial = SerialNumber::from(serial.to_vec());
        params.serial_number = Some(serial.clone());
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone(), serial }
    }

    /// Signs what a request (PKCS #10, in DER) asks for, if that is these names, from one
    /// second since 1970 to another. In PEM.
    pub fn sign(&self, request: &[u8], names: &[String], (from, until): (u64, u64)) -> Result<String, String> {
        let request = CertificateSigningRequestDer::from(request.to_vec());
        let mut asked = CertificateSigningRequestParams::from_der(&request).map_err(|error| error.to_string())?;
        let listed: Vec<String> = asked
            .params
            .subject_alt_names
            .iter()
            .map(|name| match name {
                SanType::DnsName(name) => name.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        if listed != names {
            return Err(format!("asks for {listed:?} and not for {names:?}"));
        }
        asked.params.use_authority_key_identifier_extension = true;
        let second = |at| date_time_ymd(1970, 1, 1) + Duration::from_secs(at);
        (asked.params.not_before, asked.params.not_after) = (second(from), second(until));
        let certificate = asked.signed_by(&self.issuer).map_err(|error| error.to_string())?;
        Ok(certificate.pem())
    }

    /// A caller's settings that trust this authority, perhaps with a certificate of his own.
    pub fn client(&self, own: Option<&Issued>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                use rustls_pki_types::pem::PemObject as _;
                let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
                builder.with_client_auth_cert(vec![own.der.clone()], key).expect("a pair")
            }
        };
        Arc::new(config)
    }
}

impl Issued {
    /// Writes `tls.crt` and `tls.key` into a folder, each whole or not at all.
    pub fn write(&self, folder: &Path) {
        put(&folder.join("tls.crt"), &self.certificate);
        put(&folder.join("tls.key"), &self.key);
    }
}

/// Writes a file beside and moves it into place.
pub fn put(path: &Path, text: &str) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, path)).expect("the file");
}
