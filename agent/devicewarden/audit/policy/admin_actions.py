"""Actions of AWS IoT's control plane that concern no single thing: "non-thing" administration."""

from typing import Final

NON_THING_ADMIN: Final = frozenset(
    f"iot:{name}"
    for name in """
    AcceptCertificateTransfer AddThingToBillingGroup AssociateSbomWithPackageVersion
    AssociateTargetsWithJob AttachPolicy AttachPrincipalPolicy AttachSecurityProfile
    CancelAuditMitigationActionsTask CancelAuditTask CancelCertificateTransfer
    CancelDetectMitigationActionsTask CancelJob CancelJobExecution ClearDefaultAuthorizer
    ConfirmTopicRuleDestination CreateAuditSuppression CreateAuthorizer CreateBillingGroup
    CreateCertificateFromCsr CreateCertificateProvider CreateCommand CreateCustomMetric
    CreateDimension CreateDomainConfiguration CreateDynamicThingGroup CreateFleetMetric
    CreateJob CreateJobTemplate CreateKeysAndCertificate CreateMitigationAction CreateOTAUpdate
    CreatePackage CreatePackageVersion CreatePolicy CreatePolicyVersion CreateProvisioningClaim
    CreateProvisioningTemplate CreateProvisioningTemplateVersion CreateRoleAlias
    CreateScheduledAudit CreateSecurityProfile CreateStream CreateThingGroup CreateThingType
    CreateTopicRule CreateTopicRuleDestination DeleteAccountAuditConfiguration
    DeleteAuditSuppression DeleteAuthorizer DeleteBillingGroup DeleteCACertificate
    DeleteCertificate DeleteCertificateProvider DeleteCommand DeleteCommandExecution
    DeleteCustomMetric DeleteDimension DeleteDomainConfiguration DeleteDynamicThingGroup
    DeleteFleetMetric DeleteJob DeleteJobExecution DeleteJobTemplate DeleteMitigationAction
    DeleteOTAUpdate DeletePackage DeletePackageVersion DeletePolicy DeletePolicyVersion
    DeleteProvisioningTemplate DeleteProvisioningTemplateVersion DeleteRegistrationCode
    DeleteRoleAlias DeleteScheduledAudit DeleteSecurityProfile DeleteStream DeleteThingGroup
    DeleteThingType DeleteTopicRule DeleteTopicRuleDestination DeleteV2LoggingLevel
    DeprecateThingType DescribeAccountAuditConfiguration DescribeAuditFinding
    DescribeAuditMitigationActionsTask DescribeAuditSuppression DescribeAuditTask
    DescribeAuthorizer DescribeBillingGroup DescribeCACertificate DescribeCertificate
    DescribeCertificateProvider DescribeCustomMetric DescribeDefaultAuthorizer
    DescribeDetectMitigationActionsTask DescribeDimension DescribeDomainConfiguration
    DescribeEncryptionConfiguration DescribeEndpoint DescribeEventConfigurations
    DescribeFleetMetric DescribeIndex DescribeJob DescribeJobTemplate DescribeManagedJobTemplate
    DescribeMitigationAction DescribeProvisioningTemplate DescribeProvisioningTemplateVersion
    DescribeRoleAlias DescribeScheduledAudit DescribeSecurityProfile DescribeStream
    DescribeThingGroup DescribeThingRegistrationTask DescribeThingType DetachPolicy
    DetachPrincipalPolicy DetachSecurityProfile DisableTopicRule
    DisassociateSbomFromPackageVersion EnableTopicRule GetBehaviorModelTrainingSummaries
    GetBucketsAggregation GetCardinality GetCommand GetCommandExecution GetEffectivePolicies
    GetIndexingConfiguration GetJobDocument GetLoggingOptions GetOTAUpdate GetPackage
    GetPackageConfiguration GetPackageVersion GetPercentiles GetPolicy GetPolicyVersion
    GetRegistrationCode GetStatistics GetThingConnectivityData GetTopicRule
    GetTopicRuleDestination GetV2LoggingOptions ListActiveViolations ListAttachedPolicies
    ListAuditFindings ListAuditMitigationActionsExecutions ListAuditMitigationActionsTasks
    ListAuditSuppressions ListAuditTasks ListAuthorizers ListBillingGroups ListCACertificates
    ListCertificateProviders ListCertificates ListCertificatesByCA ListCommandExecutions
    ListCommands ListCustomMetrics ListDetectMitigationActionsExecutions
    ListDetectMitigationActionsTasks ListDimensions ListDomainConfigurations ListFleetMetrics
    ListIndices ListJobExecutionsForJob ListJobTemplates ListJobs ListManagedJobTemplates
    ListMetricValues ListMitigationActions ListOTAUpdates ListOutgoingCertificates
    ListPackageVersions ListPackages ListPolicies ListPolicyPrincipals ListPolicyVersions
    ListPrincipalPolicies ListPrincipalThings ListPrincipalThingsV2
    ListProvisioningTemplateVersions ListProvisioningTemplates
    ListRelatedResourcesForAuditFinding ListRoleAliases ListSbomValidationResults
    ListScheduledAudits ListSecurityProfiles ListSecurityProfilesForTarget ListStreams
    ListTagsForResource ListTargetsForPolicy ListTargetsForSecurityProfile ListThingGroups
    ListThingPrincipalsV2 ListThingRegistrationTaskReports ListThingRegistrationTasks
    ListThingTypes ListThingsInBillingGroup ListTopicRuleDestinations ListTopicRules
    ListV2LoggingLevels ListViolationEvents PutVerificationStateOnViolation
    RegisterCACertificate RegisterCertificate RegisterCertificateWithoutCA
    RejectCertificateTransfer RemoveThingFromBillingGroup ReplaceTopicRule SearchIndex
    SetDefaultAuthorizer SetDefaultPolicyVersion SetLoggingOptions SetV2LoggingLevel
    SetV2LoggingOptions StartAuditMitigationActionsTask StartDetectMitigationActionsTask
    StartOnDemandAuditTask StartThingRegistrationTask StopThingRegistrationTask TagResource
    TestAuthorization TestInvokeAuthorizer TransferCertificate UntagResource
    UpdateAccountAuditConfiguration UpdateAuditSuppression UpdateAuthorizer UpdateBillingGroup
    UpdateCACertificate UpdateCertificate UpdateCertificateProvider UpdateCommand
    UpdateCustomMetric UpdateDimension UpdateDomainConfiguration UpdateDynamicThingGroup
    UpdateEncryptionConfiguration UpdateEventConfigurations UpdateFleetMetric
    UpdateIndexingConfiguration UpdateJob UpdateMitigationAction UpdatePackage
    UpdatePackageConfiguration UpdatePackageVersion UpdateProvisioningTemplate UpdateRoleAlias
    UpdateScheduledAudit UpdateSecurityProfile UpdateStream UpdateThingGroup UpdateThingType
    UpdateTopicRuleDestination ValidateSecurityProfileBehaviors
    """.split()  # noqa: SIM905  a list takes a line for each name
)
"""Source: the operations of the AWS IoT API (2015-05-28), without those in `actions`."""
