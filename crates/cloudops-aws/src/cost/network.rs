//! Gateways and endpoints.

use super::{
    estimate::{Context, Line, Resource, counted},
    evaluate::Evaluated,
};

pub(super) fn nat_gateway(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    // A regional gateway is billed for every zone it is in, which nobody knows before.
    match properties.get("AvailabilityMode").text() {
        Ok(None | Some("zonal")) => {}
        Ok(Some(_)) => {
            return vec![resource.unknown("regional NAT gateway", "it is billed per zone in use")];
        }
        Err(why) => return vec![resource.unknown("NAT gateway", why)],
    }
    let line = context.cost(resource, "NAT gateway", "nat-gateway", 1.0);
    vec![line.assuming("without the data that passes")]
}

pub(super) fn endpoint(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    match properties.get("VpcEndpointType").text() {
        // A gateway endpoint costs nothing, and is what an endpoint is when nothing is said.
        Ok(None | Some("Gateway")) => return Vec::new(),
        Ok(Some("Interface")) => {}
        Ok(Some(other)) => {
            let why = format!("no price is known for endpoints of type {other}");
            return vec![resource.unknown("endpoint", why)];
        }
        Err(why) => return vec![resource.unknown("endpoint", why)],
    }
    match properties.get("SubnetIds").count() {
        Ok(zones) => {
            let what = format!("interface endpoint in {}", counted(zones as f64, "zone"));
            let line = context.cost(resource, what, "interface-endpoint", zones as f64);
            vec![line.assuming("without the data that passes")]
        }
        Err(why) => {
            let why = format!("its number of zones is not known: {why}");
            vec![resource.unknown("interface endpoint", why)]
        }
    }
}
