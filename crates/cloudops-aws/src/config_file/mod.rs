//! `cloudops.yaml`: the settings of one instance.
//!
//! Text in, data out; the caller reads the file. Every error names file, line, column and key.
//!
//! ```
//! let text = "schema: 1\ninstance: acme\naccount: '123456789012'\nregion: us-west-2\ndomain: shop.example.com\n";
//! let config = cloudops_aws::config_file::CloudOpsConfig::parse("cloudops.yaml", text)?;
//! assert_eq!(config.network.zones, 2);
//! # Ok::<(), cloudops_aws::config_file::ConfigError>(())
//! ```

mod at;
mod base_image;
mod check;
mod check_network;
mod error;
mod form;
mod model;
mod pin;
mod raw;
mod read;
mod schema;
mod source;
mod write;

pub use base_image::{BaseImage, ImagesConfig};
pub use error::ConfigError;
pub use model::{
    AdoptedNetwork, BastionConfig, BuildServerConfig, CloudOpsConfig, ConfigurationConfig,
    ConsulConfig, DnsConfig, EnvironmentsConfig, NetworkConfig,
};
pub use pin::pin_base;
pub use schema::json_schema;
pub use source::{BuildConfig, CacheConfig, MavenRepository, PipelineConfig, SourceConfig};
pub use write::{NewSettings, SCHEMA_FILE};

/// Schema number that this version reads.
pub const SCHEMA: u32 = 1;
